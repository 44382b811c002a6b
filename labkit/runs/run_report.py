"""The executed notebook as a run report: verdict, cause and what to do on top; nothing of papermill's own English."""

from pathlib import Path

from labkit.runs.run_record import RunRecord

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
    "stopped": "Quelqu'un a arrêté ce passage. Relancez-le quand vous voulez : rien n'est à moitié écrit.",
    "kernel_died": "Fermez ce qui prend de la mémoire, puis relancez : rien n'est à moitié écrit.",
    "out_of_memory": "Fermez ce qui prend de la mémoire, ou demandez une période plus courte, puis relancez.",
    "flood": "Cherchez la boucle qui imprime sans fin, corrigez-la, puis relancez.",
    "exited": "Retirez l'appel à `sys.exit` de la cellule, puis relancez.",
    "contended": "D'autres passages changeaient ce fichier sans cesse : attendez leur fin, puis relancez.",
    "to_do": "Un exercice n'est pas fini : `lab progress` dit lequel.",
    "notebook_failed": "La dernière cellule exécutée porte l'erreur : lisez-la, corrigez, relancez.",
}
OTHERWISE = (
    "Lisez le message, corrigez, relancez : chaque jour est entier ou absent, relancer ne double rien."
)
SUCCESS = "Rien à faire. Ce qui suit dans la chaîne peut lire ces données."


def advice(record: RunRecord) -> str:
    """What to do next, in one sentence."""
    if record.passed:
        return SUCCESS
    return NEXT.get((record.error or {}).get("code", ""), OTHERWISE)


def annotate(executed: Path, record: RunRecord) -> None:
    """Put the run's head on top of the executed notebook, and what to do at its end."""
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    cells = [cell for cell in notebook.cells if not _is_banner(cell)]
    new_cell = nbformat.v4.new_markdown_cell
    notebook.cells = [new_cell(_head(record)), *cells, new_cell(f"## Et maintenant ?\n\n{advice(record)}")]
    nbformat.write(notebook, executed)


def _is_banner(cell: dict) -> bool:
    """A cell of papermill's own, in English, above the one that failed."""
    return "papermill-error-cell-tag" in cell["metadata"].get("tags", [])


def _head(record: RunRecord) -> str:
    if record.error is None:
        title = f"✓ **{record.verdict}**"
    else:
        title = f"✗ **ÉCHEC — {record.verdict}** (code `{record.error['code']}`)"
    facts = {
        "Quand": f"{record.moment} UTC, en {record.seconds:.0f} s",
        "Paramètres": ", ".join(f"`{name}` = `{value}`" for name, value in record.parameters.items()),
        "Arrêté à": record.stopped_at,
        "À faire": advice(record),
        "Relancer": f"`{record.again}`",
    }
    return title + "\n\n" + "\n".join(f"- **{name}** : {fact}" for name, fact in facts.items() if fact)


def stopped_at(cells: list[dict]) -> str:
    """The heading above the cell that raised, of an executed notebook; empty if none raised."""
    heading = ""
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and not _is_banner(cell):
            titles = [line.lstrip("# ") for line in source.splitlines() if line.startswith("#")]
            heading = titles[-1] if titles else heading
        if any(output["output_type"] == "error" for output in cell.get("outputs", [])):
            return heading
    return ""
