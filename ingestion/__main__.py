"""`python -m ingestion COMMAND …`: one JSON object on stdout, JSON lines on stderr, exit code 0, 1 or 2."""

import importlib
import sys

from ingestion.commands.command_line import run
from ingestion.errors import usage_error
from ingestion.kinds import JsonObject

COMMANDS = {
    "ingest": "ingère une API, un fichier Parquet par jour",
    "backfill": "remplit une période, les jours déjà là sont sautés",
    "validate": "vérifie la qualité de fichiers Parquet",
    "quarantine": "montre et rejoue les lignes refusées",
    "dates": "liste les jours d'une période",
    "describe": "lit une page et déclare une ressource",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command that `argv` begins with (sys.argv by default), and give its exit code."""
    name, *arguments = (sys.argv[1:] if argv is None else argv) or [""]
    if name in ("-h", "--help"):
        print("python -m ingestion COMMANDE --help\n")
        print("\n".join(f"  {command:<11} {purpose}" for command, purpose in COMMANDS.items()))
        return 0
    if name not in COMMANDS:
        return run(lambda: _unknown(name), failure={})
    exit_code: int = importlib.import_module(f"ingestion.commands.{name}").main(arguments)
    return exit_code


def _unknown(name: str) -> JsonObject:
    said = f"« {name} » n'est pas une commande" if name else "Il manque une commande"
    raise usage_error(f"{said} : choisissez parmi {', '.join(COMMANDS)}.")


if __name__ == "__main__":
    sys.exit(main())
