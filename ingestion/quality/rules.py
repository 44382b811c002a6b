"""Les règles de qualité : un petit fichier JSON, cinq règles, rien d'autre.

required_columns  : ["id", …]              colonnes qui doivent exister
not_null_columns  : ["id", …]              colonnes sans valeur absente
value_ranges      : {"amount": [0, 500]}   bornes comprises ; null pour une borne ouverte
unique_columns    : ["id"]                 colonnes sans doublon
min_rows          : 10                     nombre de lignes au moins
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import usage_error

DEFAULT_RULES = {
    "required_columns": ["id", "_ingested_at"],
    "not_null_columns": ["id"],
    "unique_columns": ["id"],
    "min_rows": 1,
}


@dataclass(frozen=True)
class Rule:
    """Une règle sur une colonne, ou sur la table (`column` vaut alors None).

    bounds : (minimum, maximum) pour `value_ranges`, (minimum, None) pour `min_rows`.
    """

    name: str
    column: str | None = None
    bounds: tuple[float | None, float | None] = (None, None)


def load_rules(path: Path | None) -> list[Rule]:
    """Les règles du fichier, ou celles par défaut sans fichier.

    IngestError d'usage (sortie 2) si le fichier manque, n'est pas du JSON, ou porte une clé inconnue.
    """
    if path is None:
        return read_rules(DEFAULT_RULES, "règles par défaut")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise usage_error(f"Le fichier de règles {path} n'existe pas.") from None
    except json.JSONDecodeError as error:
        raise usage_error(f"{path}, ligne {error.lineno} : ce n'est pas du JSON ({error.msg}).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise usage_error(f"Le fichier de règles {path} est illisible ({error}).") from None
    return read_rules(content, str(path))


def read_rules(content: object, origin: str) -> list[Rule]:
    """Les règles d'un dictionnaire ; `origin` le nomme dans les messages d'erreur."""
    known = ("required_columns", "not_null_columns", "value_ranges", "unique_columns", "min_rows")
    if not isinstance(content, dict):
        raise usage_error(f"{origin} : un objet JSON de règles était attendu.")
    unknown = sorted(content.keys() - set(known))
    if unknown:
        raise usage_error(f"{origin} : règle inconnue « {unknown[0]} ». Règles connues : {', '.join(known)}.")
    rules = []
    for name in ("required_columns", "not_null_columns", "unique_columns"):
        rules += [Rule(name, column) for column in _column_names(content.get(name, []), name, origin)]
    rules += _ranges(content.get("value_ranges", {}), origin)
    if "min_rows" in content:
        minimum = content["min_rows"]
        if type(minimum) is not int or minimum < 0:
            raise usage_error(f"{origin} : min_rows doit être un entier positif, pas {minimum!r}.")
        rules.append(Rule("min_rows", bounds=(minimum, None)))
    return rules


def _column_names(value: object, name: str, origin: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise usage_error(f"{origin} : {name} doit être une liste de noms de colonnes.")
    return value


def _ranges(value: object, origin: str) -> list[Rule]:
    if not isinstance(value, dict):
        raise usage_error(f'{origin} : value_ranges doit être un objet {{"colonne": [min, max]}}.')
    return [Rule("value_ranges", column, _bounds(pair, column, origin)) for column, pair in value.items()]


def _bounds(pair: object, column: str, origin: str) -> tuple:
    is_pair = (
        isinstance(pair, list) and len(pair) == 2 and all(type(x) in (int, float, type(None)) for x in pair)
    )
    if not is_pair or pair == [None, None]:
        raise usage_error(
            f"{origin} : value_ranges.{column} doit être [min, max], deux nombres, pas {pair!r}."
        )
    low, high = pair
    if low is not None and high is not None and low > high:
        raise usage_error(
            f"{origin} : value_ranges.{column} a son minimum ({low}) au-dessus de son maximum ({high})."
        )
    return low, high
