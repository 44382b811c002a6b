"""TP2.1, étape 5 : n8n exécute votre script."""

import pytest
from checking import step, verify_that
from n8n_runs import Workflow


@pytest.fixture
def ingestion():
    checkpoints = tuple(f"labTp21Etape5p{part}" for part in range(1, 6))
    return Workflow("Ingestion incrémentale", ("labIngestion0001", *checkpoints), "Mon ingestion")


@step(
    "tp21.5",
    hint="Nœud « Paramètres » du workflow : mettez `labs` dans `scripts`, videz `watermark`, enregistrez, puis exécutez.",
)
def test_n8n_ran_your_script(ingestion):
    """n8n a lancé votre script, pas la référence.

    Même workflow, un mot de changé : n8n orchestre, il ne contient pas la logique.
    """
    nodes = ingestion.last_with_labs()
    verify_that(
        "dernière exécution avec `labs`, nœuds",
        "Ingérer" in nodes,
        "le nœud « Ingérer » exécuté",
        sorted(nodes),
    )


@step(
    "tp21.5",
    hint="Ouvrez le nœud « Lire le résultat de l'ingestion » : error.message dit ce qui n'a pas marché.",
)
def test_your_script_succeeded_in_n8n(ingestion):
    """Votre script a réussi dans n8n, et n8n a lu son résultat.

    Le JSON que vous imprimez est tout ce que n8n sait du passage.
    """
    nodes = ingestion.last_with_labs()
    result = nodes.get("Lire le résultat de l'ingestion", [{}])[0]
    said = result.get("error", {}).get("message", "aucun résultat")
    verify_that(
        "dernière exécution dans n8n, status",
        result.get("status") == "success",
        "success",
        f"{result.get('status')} ({said})",
    )


@step("tp21.5", hint="Suivez la branche verte dans l'éditeur : la notification part du dernier nœud.")
def test_n8n_notified_someone(ingestion):
    """Une notification est partie, de succès ou d'échec.

    Un passage dont personne n'apprend l'issue est un passage qu'il faut aller surveiller.
    """
    sent = sorted(name for name in ingestion.last_with_labs() if name.startswith("Notifier"))
    verify_that("dernière exécution dans n8n, nœuds « Notifier… » exécutés", bool(sent), "au moins un", sent)


@step(
    "tp21.5",
    hint="Dans « Ingérer », passez tous les paramètres en base64, en un seul mot : -b {{ JSON.stringify($json).base64Encode() }}.",
)
def test_no_parameter_is_pasted_into_the_shell(ingestion):
    """Aucun paramètre n'est collé dans une commande : ils voyagent en base64.

    Dès qu'un webhook fournit la date, « 2024-01-01; rm -rf ~ » est aussi une date.
    """
    pasted = ingestion.pasted_parameters()
    verify_that(
        "les commandes du workflow, ce que le shell lirait tel quel",
        not pasted,
        "rien hors de base64Encode()",
        pasted,
    )


@step(
    "tp21.5",
    hint="Un nœud Schedule Trigger, tous les jours à 6 h, relié au même nœud que « Lancer à la main ».",
)
def test_n8n_starts_by_itself(ingestion):
    """Un déclencheur horaire lance le même passage que vous.

    Un passage que quelqu'un doit penser à lancer ne sera pas lancé un jour férié.
    """
    schedules = ingestion.outputs("scheduleTrigger")
    verify_that(
        "les nœuds Schedule Trigger et ce qu'ils lancent",
        any(any(outputs) for outputs in schedules.values()),
        "au moins un, relié à la suite",
        schedules,
    )


@step("tp21.5", hint="La sortie false de « Ingestion réussie ? » mène à « Notifier l'échec ».")
def test_a_failure_leads_somewhere(ingestion):
    """Chaque If mène quelque part des deux côtés : un échec a sa branche.

    Une sortie qui ne mène nulle part est une panne que n8n affiche en vert.
    """
    forks = ingestion.outputs("if")
    verify_that(
        "les nœuds If et leurs sorties, true puis false",
        bool(forks) and all(len(outputs) == 2 and all(outputs) for outputs in forks.values()),
        "au moins un If, ses deux sorties reliées",
        forks,
    )
