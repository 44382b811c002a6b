"""L'erreur que tous les scripts savent dire : un code pour n8n, une phrase pour la personne."""

FAILED = 1
WRONG_USAGE = 2


class IngestError(Exception):
    """Une erreur prévue, qui se dit en une phrase.

    code : mot stable sur lequel un workflow peut brancher (`api_unreachable`, `disk_full`…).
    message : ce qui n'allait pas, où, et quoi faire.
    exit_code : 1 si le travail a échoué, 2 si la commande était mal formée.
    """

    def __init__(self, code: str, message: str, exit_code: int = FAILED):
        super().__init__(message)
        self.code = code
        self.message = message
        self.exit_code = exit_code

    def as_dict(self) -> dict:
        return {"code": self.code, "message": self.message}


def usage_error(message: str) -> IngestError:
    """L'appelant s'est trompé d'argument : code `usage`, sortie 2."""
    return IngestError("usage", message, WRONG_USAGE)
