# Votre exemplaire, écrit d'après solutions/decode.py par « lab cut ».
"""Des pages reçues à une table : d'un bloc si tout va bien, sinon page à page, sinon ligne à ligne."""

from datetime import date

import pyarrow as pa
from arrow_json import DoesNotFit, read_objects, to_table
from instants import bounds
from pagination import Page
from records import Reject, split_rows
from resources import Resource


def read_pages(pages: list[Page], resource: Resource, day: date | None) -> tuple[pa.Table, list[Reject]]:
    """La table des lignes lisibles, et les lignes refusées.

    day : le jour demandé à l'API ; une ligne d'un autre jour est refusée.
    """
    try:
        table = read_objects([part for page in pages for part in page.answer.data_object()], resource)
        if day and not _is_all_of(table[resource.event_time_field], day):
            raise DoesNotFit("other day")
        return table, []
    except DoesNotFit:
        if len(pages) > 1:
            parts = [read_pages([page], resource, day) for page in pages]
            return pa.concat_tables(table for table, _ in parts), [
                reject for _, bad in parts for reject in bad
            ]
        good, rejects = split_rows(pages[0].rows, pages[0].number, resource, day)
        return to_table(good, resource), rejects


def _is_all_of(instants: pa.ChunkedArray, day: date) -> bool:
    return all(instant.date() == day for instant in bounds(instants) or ())
