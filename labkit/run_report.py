"""The executed notebook as a run report: a verdict on top, what to do next at the end."""

from pathlib import Path

NEXT = {
    "api_unreachable": "L'API ne répondait pas : `lab status` dit si elle tourne. Relancez, rien n'est à moitié écrit.",
    "api_timeout": "L'API était trop lente : relancez, ou réduisez `page_size`.",
    "rate_limited": "L'API a demandé d'attendre : relancez plus tard, ou espacez les requêtes.",
    "server_error": "L'API était en panne : relancez ; les jours déjà écrits seront sautés ou inchangés.",
    "unauthorized": "Le jeton est refusé : vérifiez `LAB_API_TOKEN`, puis relancez.",
    "not_found": "L'adresse n'existe pas : vérifiez `base_url` et `resource`.",
    "too_many_rejects": "Rien n'a été publié : l'API a sans doute changé. Voyez la quarantaine.",
    "validation_failed": "Voyez plus haut les lignes en faute ; réparez-les, ou corrigez la règle, puis revalidez.",
    "output_not_writable": "Libérez de la place, ou rendez le dossier modifiable, puis relancez : rien n'est perdu.",
    "disk_full": "Libérez de la place, puis relancez : l'ancien contenu est intact.",
    "timeout": "Le passage a été arrêté, rien n'est à moitié écrit : demandez une période plus courte, puis relancez.",
    "kernel_died": "Fermez ce qui prend de la mémoire, puis relancez : rien n'est à moitié écrit.",
    "locked": "Un autre passage écrivait dans ce dossier : attendez sa fin, puis relancez.",
    "to_do": "Un exercice n'est pas fini : `lab progress` dit lequel.",
    "notebook_failed": "La dernière cellule exécutée porte l'erreur : lisez-la, corrigez, relancez.",
}
OTHERWISE = (
    "Lisez le message, corrigez, relancez : chaque jour est entier ou absent, relancer ne double rien."
)
SUCCESS = "Rien à faire. Ce qui suit dans la chaîne peut lire ces données."


def annotate(executed: Path, result: dict, verdict: str | None) -> None:
    """Add the two cells to the executed notebook.

    result: the run's, with `status`, and `error` when it failed; verdict: the sentence the notebook showed, if any.
    """
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    if result["status"] == "success":
        head, after = f"✓ **{verdict or 'RÉUSSI'}**", SUCCESS
    else:
        error = result["error"]
        head = f"✗ **ÉCHEC — {error['message']}** (code `{error['code']}`)"
        after = NEXT.get(error["code"], OTHERWISE)
    new_cell = nbformat.v4.new_markdown_cell
    notebook.cells = [new_cell(head), *notebook.cells, new_cell(f"## Et maintenant ?\n\n{after}")]
    nbformat.write(notebook, executed)
