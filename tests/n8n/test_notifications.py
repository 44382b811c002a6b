"""What a run tells and to whom: the inbox always, a mail through any SMTP server when three variables are set."""

import email
import os
import subprocess
import sys
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from labkit.base.processes import free_port
from tests.n8n.conftest import WORKFLOWS, both, parameters, with_scripts

pytestmark = [pytest.mark.n8n, pytest.mark.usefixtures("validation_by_script")]
INGESTION = "labIngestion0001"
DAY = parameters(watermark="", start_date="2024-01-01", end_date="2024-01-01")
BY_SCRIPT = both(with_scripts, DAY)


class Mailbox:
    """Keeps what it is given; refuses everything once `closed`."""

    def __init__(self):
        self.messages, self.closed = [], False

    async def handle_DATA(self, server, session, envelope):
        if self.closed:
            return "554 closed"
        self.messages.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@pytest.fixture
def mailbox(lab, monkeypatch):
    """An SMTP server on this machine, and the lab's three variables set to it."""
    handler = Mailbox()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=free_port(),
        auth_require_tls=False,
        auth_required=True,
        authenticator=lambda server, session, envelope, mechanism, data: AuthResult(
            success=data.password == b"mot de passe"
        ),
    )
    controller.start()
    monkeypatch.setenv("LAB_SMTP_URL", f"smtp://lab:mot%20de%20passe@127.0.0.1:{controller.port}")
    monkeypatch.setenv("LAB_SMTP_FROM", "laboratoire@exemple.test")
    monkeypatch.setenv("LAB_SMTP_TO", "exploitation@exemple.test")
    lab.bring(WORKFLOWS)
    yield handler
    controller.stop()
    for name in ("LAB_SMTP_URL", "LAB_SMTP_FROM", "LAB_SMTP_TO"):
        monkeypatch.delenv(name)
    lab.bring(WORKFLOWS)


def ingest(lab, change=BY_SCRIPT):
    with lab.changed(INGESTION, change):
        return lab.execute(INGESTION, "Lancer à la main")


def test_without_the_variables_only_the_inbox_is_told(lab):
    ingest(lab)
    (note,) = lab.inbox()
    assert "courriel" not in note


def test_a_run_sends_one_mail_that_says_what_happened_and_where_to_look(lab, mailbox):
    ingest(lab)
    (message,) = mailbox.messages
    assert message["Subject"] == "[info] Ingestion réussie"
    assert (message["From"], message["To"]) == ("laboratoire@exemple.test", "exploitation@exemple.test")
    text = message.get_content()
    assert "en quarantaine" in text
    assert f"{lab.server.url}/workflow/{INGESTION}/executions/" in text
    assert [note["courriel"] for note in lab.inbox()] == ["envoyé à exploitation@exemple.test"]


def test_a_failed_run_sends_one_mail_however_often_the_script_tried(lab, mailbox):
    lab.switch("faults", kind="503", rate=1, retry_after=0)
    ingest(lab, DAY)
    (message,) = mailbox.messages
    assert message["Subject"] == "[erreur] Ingestion en échec"
    assert "compte_rendu : data/runs/" in message.get_content()


def test_a_mail_server_that_refuses_is_told_in_the_inbox_and_spoils_nothing(lab, mailbox):
    mailbox.closed = True
    execution = ingest(lab)
    assert execution["status"] == "success"
    (note,) = lab.inbox()
    assert note["courriel"].startswith("refusé : ")


def test_the_address_of_a_person_does_not_reach_git(lab, mailbox):
    from labkit.n8n.setup import place
    from labkit.n8n.workflows import export_workflows, find

    (path,) = find(("notification",))
    texts = export_workflows(lab.client, [path], place(lab.client, lab.api_url))
    assert texts[path] == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"LAB_SMTP_URL": "smtp://serveur:25"}, "il manque LAB_SMTP_FROM et LAB_SMTP_TO"),
        (
            {"LAB_SMTP_URL": "serveur:25", "LAB_SMTP_FROM": "a@b.test", "LAB_SMTP_TO": "c@d.test"},
            "LAB_SMTP_URL ne se lit pas",
        ),
    ],
    ids=["two are missing", "unreadable"],
)
def test_settings_that_cannot_work_are_told_in_one_sentence(lab, variables, words):
    own = {"LAB_N8N_PORT": str(lab.server.port), "LAB_ROOT": str(lab.root)}
    done = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "n8n", "import"],
        env=os.environ | own | variables,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
