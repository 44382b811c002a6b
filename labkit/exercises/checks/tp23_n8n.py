"""TP2.3, étape 3 : la boucle dans n8n."""

import pytest
from checking import step, verify_that
from n8n_runs import Workflow


@pytest.fixture
def backfill():
    return Workflow("Backfill", ("labBackfill00001", "labTp23Etape3p1"), "Mon backfill")


@step("tp23.3", hint="Workflow « Backfill », nœud « Paramètres » : `labs` dans `scripts`, puis exécutez.")
def test_n8n_ran_your_backfill(backfill):
    """n8n a bouclé sur les jours avec votre script.

    La boucle est à n8n, le travail d'un jour est au script.
    """
    nodes = backfill.last_with_labs()
    batches = [result.get("status") for result in nodes.get("Lire l'ingestion du lot", [])]
    verify_that(
        "dernière exécution avec `labs`, lots",
        bool(batches) and set(batches) == {"success"},
        "au moins un lot, tous réussis",
        batches,
    )


@step("tp23.3", hint="Exécutez le workflow une seconde fois, sans rien changer.")
def test_n8n_skipped_what_was_there(backfill):
    """Exécuté une seconde fois, le workflow saute tout ce qui est fait.

    Un backfill interrompu se reprend en le relançant, sans rien noter.
    """
    skipped = [
        bool(results) and not any(result.get("partitions", {}).get("written") for result in results)
        for results in (nodes.get("Lire l'ingestion du lot", []) for nodes in backfill.executions_with_labs())
    ]
    verify_that(
        "les exécutions avec `labs` : une où rien n'a été réécrit", any(skipped), "au moins une", skipped
    )


@step("tp23.3", hint="Split Out, puis Loop Over Items ; la suite part de sa sortie loop, et y revient.")
def test_n8n_holds_the_loop(backfill):
    """La boucle est dans n8n : un nœud Loop Over Items, dont la sortie loop mène à l'ingestion.

    Un seul passage pour toute la période serait à refaire en entier au premier jour en échec.
    """
    loops = backfill.outputs("splitInBatches")
    verify_that(
        "les nœuds Loop Over Items et leurs sorties, done puis loop",
        any(len(outputs) == 2 and outputs[1] for outputs in loops.values()),
        "au moins un, sa sortie loop reliée",
        loops,
    )


@step(
    "tp23.3",
    hint="Le nœud « Vérifier » suit l'ingestion, dans la boucle, avant de revenir à Loop Over Items.",
)
def test_each_turn_is_validated(backfill):
    """Chaque tour de la boucle est validé, et pas seulement ingéré.

    Un jour ingéré mais faux ressemble, dans n8n, à un jour réussi.
    """
    nodes = backfill.last_with_labs()
    ingested = len(nodes.get("Lire l'ingestion du lot", []))
    checked = max(
        (len(items) for name, items in nodes.items() if name.startswith(("Vérif", "Valid"))), default=0
    )
    verify_that(
        "dernière exécution avec `labs`, tours validés",
        ingested > 0 and checked >= ingested,
        f"autant que de tours ingérés ({ingested})",
        checked,
    )
