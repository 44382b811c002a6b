"""The error that every command can tell: a code for n8n, a sentence for the person."""

from ingestion.kinds import JsonObject

FAILED = 1
WRONG_USAGE = 2


class IngestError(Exception):
    """An expected error, told in one sentence.

    Attributes:
        code: a stable word a workflow can branch on (`api_unreachable`, `disk_full`…).
        message: what was wrong, where, and what to do.
        exit_code: 1 if the work failed, 2 if the command was badly written.
    """

    def __init__(self, code: str, message: str, exit_code: int = FAILED):
        super().__init__(message)
        self.code = code
        self.message = message
        self.exit_code = exit_code

    def as_dict(self) -> JsonObject:
        return {"code": self.code, "message": self.message}


def usage_error(message: str) -> IngestError:
    """The caller gave a wrong argument: code `usage`, exit 2."""
    return IngestError("usage", message, WRONG_USAGE)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 ligne", "2 lignes". French says none in the singular, too."""
    return f"{number} {noun}{'s' if number > 1 else ''}"
