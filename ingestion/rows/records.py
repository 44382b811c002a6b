"""Du JSON reçu aux colonnes typées : ce qui entre dans le schéma, et ce qui part en quarantaine."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from ingestion.rows.resources import Resource

EXACT_FLOATS_BELOW = 10**13


@dataclass(frozen=True)
class Reject:
    """Une ligne refusée.

    reason : code stable (`missing_id`, `unreadable_event_time`, `wrong_type`, `other_day`,
        `not_an_object`).
    field : le champ en cause ; raw : la ligne telle que reçue ; page : son rang de page.
    """

    reason: str
    field: str
    raw: object
    page: int


class _RowError(Exception):
    def __init__(self, reason: str, field: str):
        self.reason, self.field = reason, field


def read_row(row: object, resource: Resource) -> dict:
    """Convertit une ligne reçue en valeurs du schéma ; les champs inconnus vont dans `_extra`.

    Lève _RowError quand la ligne ne peut pas entrer dans le schéma sans être abîmée.
    """
    if not isinstance(row, dict):
        raise _RowError("not_an_object", "")
    values = {}
    for column in resource.schema:
        value = row.get(column.name)
        if value is None and not column.nullable:
            raise _RowError(_missing_reason(column.name, resource), column.name)
        try:
            values[column.name] = None if value is None else _convert(value, column.type)
        except (ValueError, InvalidOperation, OverflowError):
            raise _RowError(_type_reason(column.name, resource), column.name) from None
    unknown = _unknown_fields(row, resource.schema)
    values["_extra"] = json.dumps(unknown, ensure_ascii=False, sort_keys=True) if unknown else None
    return values


def split_rows(
    page_rows: list, page: int, resource: Resource, day: date | None = None
) -> tuple[list[dict], list[Reject]]:
    """Sépare les lignes lisibles (converties) des rejets, dans l'ordre reçu.

    day : le jour demandé à l'API ; une ligne d'un autre jour est refusée (`other_day`), car une
        partition ne contient que les événements de son jour.
    """
    good, rejects = [], []
    for row in page_rows:
        try:
            values = read_row(row, resource)
            if day and values[resource.event_time_field].date() != day:
                raise _RowError("other_day", resource.event_time_field)
            good.append(values)
        except _RowError as error:
            rejects.append(Reject(error.reason, error.field, row, page))
    return good, rejects


def _unknown_fields(row: dict, fields: pa.Schema | pa.StructType) -> dict:
    """Ce que l'API envoie de plus que le schéma, à tout niveau : gardé, jamais perdu en silence."""
    known = {field.name: field.type for field in fields}
    unknown = {name: value for name, value in row.items() if name not in known}
    for name, kind in known.items():
        if pa.types.is_struct(kind) and isinstance(row.get(name), dict):
            nested = _unknown_fields(row[name], kind)
            if nested:
                unknown[name] = nested
    return unknown


def _missing_reason(name: str, resource: Resource) -> str:
    return "missing_id" if name == resource.id_field else _type_reason(name, resource)


def _type_reason(name: str, resource: Resource) -> str:
    return "unreadable_event_time" if name == resource.event_time_field else "wrong_type"


def _convert(value: object, kind: pa.DataType) -> object:
    """Une valeur JSON au type Arrow `kind` ; ValueError si elle n'en est pas une, sans deviner."""
    if pa.types.is_timestamp(kind):
        return _instant(value)
    if pa.types.is_integer(kind):
        return _checked(value, type(value) is int and -(2**63) <= value < 2**63)
    if pa.types.is_floating(kind):
        return _checked(value, type(value) in (int, float) and math.isfinite(value))
    if pa.types.is_decimal(kind):
        return _decimal(value, kind)
    if pa.types.is_struct(kind):
        _checked(value, isinstance(value, dict))
        return {f.name: None if value.get(f.name) is None else _convert(value[f.name], f.type) for f in kind}
    return _checked(value, isinstance(value, str))


def _checked(value: object, is_right: bool) -> object:
    if not is_right:
        raise ValueError(value)
    return value


def _instant(value: object) -> datetime:
    """Un instant ISO 8601 avec son fuseau, ramené en UTC."""
    instant = datetime.fromisoformat(_checked(value, isinstance(value, str)))
    return _checked(instant, instant.tzinfo is not None).astimezone(UTC)


def _decimal(value: object, kind: pa.Decimal128Type) -> Decimal:
    """Un montant exact. Un flottant ne l'est que tant que son écriture la plus courte est celle de l'API."""
    _checked(value, type(value) in (str, int) or (type(value) is float and abs(value) < EXACT_FLOATS_BELOW))
    text = str(value)
    exact = Decimal(_checked(text, "_" not in text))
    quantized = exact.quantize(Decimal(1).scaleb(-kind.scale))
    return _checked(quantized, quantized == exact and len(quantized.as_tuple().digits) <= kind.precision)
