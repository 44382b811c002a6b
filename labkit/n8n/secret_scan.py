"""Look for secrets where they leak: a header in an exported workflow, a token printed in a notebook's output."""

import re
import tempfile
from pathlib import Path

import click

from labkit.base import secret_store
from labkit.base.paths import N8N, NOTEBOOKS, ROOT

# A header's value, as n8n's HTTP Request node keeps it and as a client's debug output prints it.
HEADER_VALUE = re.compile(r"\b(?:Bearer|Basic) [\w.~+/=-]{16,}")
# Measures of disorder: right for a workflow, but a picture or a cursor in a notebook looks like a key to them.
ENTROPY = ("Base64HighEntropyString", "HexHighEntropyString")


def scan_text(text: str, path: Path) -> list[str]:
    """A sentence for each secret seen in the text of `path`: its kind and line, never the secret itself.

    This lab's own secrets are looked for as they are; others by detect-secrets' detectors of known keys and, in a
    workflow, of disorder.
    """
    own = secret_store.load()
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        found |= {(number, f"« {name} » de ce laboratoire") for name, value in own.items() if value in line}
        if HEADER_VALUE.search(line):
            found.add((number, "un en-tête d'authentification"))
    found |= _detected(text, path.suffix)
    return [
        f"ligne {number} de {path.name}, un secret se voit ({kind}) : remplacez-le par un « credential » de n8n ou une "
        "variable d'environnement, et changez-le s'il a servi."
        for number, kind in sorted(found)
    ]


def _detected(text: str, suffix: str) -> set[tuple[int, str]]:
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import default_settings

    with tempfile.TemporaryDirectory() as folder, default_settings() as settings:
        if suffix == ".ipynb":
            settings.disable_plugins(*ENTROPY)
        copy = Path(folder, f"text{suffix}")
        copy.write_text(text, encoding="utf-8")
        secrets = SecretsCollection()
        secrets.scan_file(str(copy))
        return {(secret.line_number, secret.type) for _, secret in secrets}


def watched_files() -> list[Path]:
    """The workflows and notebooks that go into git."""
    folders = (N8N / "workflows", N8N / "checkpoints", NOTEBOOKS, ROOT / "solutions", ROOT / "labs")
    return sorted(path for folder in folders for kind in ("*.json", "*.ipynb") for path in folder.glob(kind))


@click.command("secrets")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def secrets_command(files: tuple[Path, ...]) -> None:
    """Cherche des secrets dans les workflows et les notebooks, ou dans FILES. Sortie 1 s'il s'en trouve."""
    looked_at = list(files) or watched_files()
    found = [sentence for path in looked_at for sentence in scan_text(path.read_text(encoding="utf-8"), path)]
    for sentence in found:
        click.echo(f"✗ {sentence}")
    if found:
        raise SystemExit(1)
    click.echo(f"✓ aucun secret dans {len(looked_at)} fichiers.")
