"""The rules of quality: a small JSON file, five rules, nothing else.

required_columns: ["id", …]              columns that must exist
not_null_columns: ["id", …]              columns without a missing value
value_ranges:     {"amount": [0, 500]}   bounds included, read as decimals as written; null for an open bound
unique_columns:   ["id"]                 columns without a value twice
min_rows:         10                     number of rows at least
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from ingestion.errors import usage_error
from ingestion.kinds import JsonObject

Bounds = tuple[int | Decimal | None, int | Decimal | None]
LONGEST_NUMBER = 38  # digits: what a decimal column can hold
DEFAULT_RULES = {
    "required_columns": ["id", "_ingested_at"],
    "not_null_columns": ["id"],
    "unique_columns": ["id"],
    "min_rows": 1,
}


@dataclass(frozen=True)
class Rule:
    """A rule on a column, or on the table.

    Attributes:
        name: `unique_columns`, `not_null_columns`, `required_columns`, `value_ranges` or `min_rows`.
        column: empty for a rule on the table.
        bounds: (minimum, maximum) for `value_ranges`, (minimum, None) for `min_rows`.
    """

    name: str
    column: str = ""
    bounds: Bounds = (None, None)


def load_rules(path: Path | None) -> list[Rule]:
    """The rules of a file.

    Args:
        path: a JSON file; None for the default rules.

    Raises:
        IngestError: `usage` if the file is missing, is not JSON, or holds a key that is unknown or comes twice.
    """
    if path is None:
        return read_rules(DEFAULT_RULES, "règles par défaut")
    try:
        content = json.loads(
            path.read_text(encoding="utf-8-sig"),
            parse_float=Decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_keys_once,
        )
    except FileNotFoundError:
        raise usage_error(f"Le fichier de règles {path} n'existe pas.") from None
    except json.JSONDecodeError as error:
        raise usage_error(f"{path}, ligne {error.lineno} : ce n'est pas du JSON ({error.msg}).") from None
    except RecursionError:
        raise usage_error(f"{path} : des milliers de niveaux, ce ne sont pas des règles.") from None
    except _BadRules as error:
        raise usage_error(f"{path} : {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise usage_error(f"Le fichier de règles {path} est illisible ({error}).") from None
    return read_rules(content, str(path))


class _BadRules(Exception):
    """What the file says cannot be a rule; a French sentence."""


def _keys_once(pairs: list[tuple[str, object]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _BadRules(f"la clé « {twice} » est donnée deux fois, une seule compterait")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _BadRules(f"{name} n'est pas un nombre JSON ; null laisse une borne ouverte")


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise _BadRules(f"un nombre de {len(text)} chiffres : {LONGEST_NUMBER} au plus")
    return int(text)


def read_rules(content: object, origin: str) -> list[Rule]:
    """The rules of a dictionary; `origin` names it in the messages."""
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
            raise usage_error(f"{origin} : min_rows doit être un entier positif, pas {_as_written(minimum)}.")
        rules.append(Rule("min_rows", bounds=(minimum, None)))
    return rules


def _column_names(value: object, name: str, origin: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise usage_error(f"{origin} : {name} doit être une liste de noms de colonnes.")
    return value


def _ranges(value: object, origin: str) -> list[Rule]:
    if not isinstance(value, dict) or "" in value:
        raise usage_error(f'{origin} : value_ranges doit être un objet {{"colonne": [min, max]}}.')
    return [Rule("value_ranges", column, _bounds(pair, column, origin)) for column, pair in value.items()]


def _bounds(pair: object, column: str, origin: str) -> Bounds:
    numbers = pair if isinstance(pair, list) else []
    is_pair = len(numbers) == 2 and all(type(x) in (int, Decimal, type(None)) for x in numbers)
    if not is_pair or numbers == [None, None]:
        raise usage_error(
            f"{origin} : value_ranges.{column} doit être [min, max], deux nombres, pas {_as_written(pair)}."
        )
    low, high = numbers
    if low is not None and high is not None and low > high:
        raise usage_error(
            f"{origin} : value_ranges.{column} a son minimum ({low}) au-dessus de son maximum ({high})."
        )
    return low, high


def _as_written(value: object) -> str:
    """A value of the file as its author reads it there."""
    return json.dumps(value, ensure_ascii=False, default=float)
