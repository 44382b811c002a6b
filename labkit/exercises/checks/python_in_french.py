"""Python's commonest error messages, in French: they stand inside French sentences."""

import re

# Messages of CPython 3.11 to 3.14, the error's name left out.
MESSAGES = [
    (r"'(.)' was never closed", r"« \1 » n'est jamais refermé"),
    (r"unmatched '(.)'", r"« \1 » ferme ce que rien n'a ouvert"),
    (r"closing parenthesis '(.)' does not match opening parenthesis '(.)'.*", r"« \1 » ne referme pas « \2 »"),
    (r"expected ':'", "il manque « : » à la fin de la ligne"),
    (r"expected an indented block after (.+) on line (\d+)", r"la ligne qui suit la ligne \2 doit être décalée vers la droite"),
    (r"unexpected indent", "cette ligne est trop décalée vers la droite"),
    (r"unindent does not match any outer indentation level", "ce décalage n'est celui d'aucun bloc au-dessus"),
    (r"unterminated (?:triple-quoted )?(?:f-)?string literal.*", "des guillemets ne sont pas refermés"),
    (r"invalid syntax\. Perhaps you forgot a comma\?", "syntaxe invalide, peut-être une virgule oubliée"),
    (r"invalid syntax\. Maybe you meant '(.+)' .*", r"syntaxe invalide, peut-être « \1 »"),
    (r"invalid syntax", "syntaxe invalide"),
    (r"'return' outside function", "un return hors d'une fonction"),
    (r"name '(.+?)' is not defined.*", r"le nom « \1 » n'existe pas"),
    (r"cannot access local variable '(.+)' where it is not associated with a value", r"« \1 » est lu avant d'avoir reçu une valeur"),
    (r"No module named '(.+)'", r"le module « \1 » n'existe pas : mal écrit, ou pas installé"),
    (r"cannot import name '(.+?)' from '(.+?)'.*", r"« \2 » ne contient pas « \1 »"),
    (r"(\S+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.+)", r"\1() n'a pas reçu \2"),
    (r"(\S+)\(\) takes (\d+) positional arguments? but (\d+) (?:was|were) given", r"\1() prend \2 argument(s) et en a reçu \3"),
    (r"(\S+)\(\) got an unexpected keyword argument '(.+)'", r"\1() ne connaît pas l'argument « \2 »"),
    (r"'(\w+)' object has no attribute '(.+?)'.*", r"une valeur de type \1 n'a pas d'attribut « \2 »"),
    (r"'(\w+)' object is not (?:subscriptable|iterable|callable)", r"une valeur de type \1 ne s'emploie pas ainsi"),
    (r"unsupported operand type\(s\) for (.+): '(\w+)' and '(\w+)'", r"\1 ne va pas entre un \2 et un \3"),
    (r"'(.+)' not supported between instances of '(\w+)' and '(\w+)'", r"« \1 » ne compare pas un \2 et un \3"),
    (r"can only concatenate (\w+) \(not \"(\w+)\"\) to \w+", r"un \1 ne s'ajoute pas à un \2"),
    (r"list index out of range", "la liste n'a pas autant d'éléments"),
    (r"not enough values to unpack \(expected (\d+), got (\d+)\)", r"\1 valeurs attendues, \2 reçues"),
    (r"too many values to unpack \(expected (\d+).*\)", r"plus de \1 valeurs reçues"),
    (r"invalid literal for int\(\) with base 10: (.+)", r"\1 n'est pas un nombre entier"),
    (r"Invalid isoformat string: (.+)", r"\1 n'est pas une date ISO"),
    (r"division by zero", "une division par zéro"),
]  # fmt: skip


def in_french(message: str) -> str:
    """The message in French if it is a common one, else as it is."""
    for pattern, french in MESSAGES:
        if found := re.fullmatch(pattern, message):
            return found.expand(french)
    return message
