"""What an examination finds, in words."""

from dataclasses import dataclass

GOOD, NOTE, PROBLEM = "BON", "À SAVOIR", "PROBLÈME"
MARKS = {GOOD: "✓", NOTE: "!", PROBLEM: "✗"}


@dataclass(frozen=True)
class Finding:
    """label: GOOD, NOTE (it hinders nothing) or PROBLEM; sentence and remedy: French, remedy empty when all is well."""

    label: str
    subject: str
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        told = f"{MARKS[self.label]} {self.label:<9} {self.subject} : {self.sentence}"
        return f"{told}\n{'':12}→ {self.remedy}" if self.remedy else told
