"""TP2.2, étape 4 : n8n valide, et prévient."""

import pytest
from checking import step, verify_that
from n8n_runs import Workflow


@pytest.fixture
def ingestion():
    return Workflow("Ingestion incrémentale", ("labIngestion0001", "labTp22Etape4p1"), "Mon ingestion")


@step("tp22.4", hint="Nœud « Paramètres » : `labs` dans `scripts`. La validation suit l'ingestion.")
def test_n8n_validated_with_your_script(ingestion):
    """n8n a validé avec votre script, après l'ingestion.

    Une donnée non vérifiée ne devrait réveiller personne le lendemain.
    """
    nodes = ingestion.last_with_labs()
    verify_that(
        "dernière exécution avec `labs`, nœud « Valider »",
        "Valider" in nodes,
        "un nœud exécuté",
        sorted(nodes),
    )


@step(
    "tp22.4",
    hint="Faites échouer la validation exprès : un `min_rows` trop grand dans une copie des règles, donnée à `rules_file`.",
)
def test_a_failed_validation_was_notified(ingestion):
    """Vous avez vu une validation échouer, et la notification partir.

    Une alerte que l'on n'a jamais vue sonner n'est pas une alerte.
    """
    verdicts = [
        (
            nodes.get("Valider", [{}])[0].get("validation"),
            "Notifier l'échec" in nodes,
        )
        for nodes in ingestion.executions_with_labs()
    ]
    verify_that(
        "les exécutions avec `labs`, (verdict, notification d'échec)",
        ("failed", True) in verdicts,
        "au moins un échec notifié",
        verdicts,
    )
