"""The practice data: a pure function of (seed, resource, arrival day).

A *batch* is what arrives on one day: rows of that same day, then rows of the three days before,
arriving late between 23:55 and midnight. Ids are allotted in order of arrival, so they grow with it.
The shares of faults below are documented for instructors in data/README.md.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import orjson

FIRST_DAY = date(2024, 1, 1)
# Of the clock: a day's rows take a while to make, and the ids of ten years are enough.
LAST_DAY = date(2033, 12, 31)
IDS_A_DAY = 10_000
INSERTED_IDS_FROM = 9_000
LATE_DAYS = 3
# No late row bears a stamp older than this when it arrives: a look-back as long sees them all, at any hour it runs.
OLDEST_STAMP = timedelta(hours=72)
CORRECTED_DAYS = 5
LATE_SHARE, CORRECTED_SHARE, DELETED_SHARE, MALFORMED_SHARE = 0.02, 0.01, 0.005, 0.004
BURST_SHARE = 0.15
LAST_EVENT_SECOND = 23 * 3600 + 50 * 60
LATE_FROM_SECOND = 23 * 3600 + 55 * 60
MALFORMATIONS = ("missing_id", "unreadable_event_time", "text_amount", "object_user")

COUNTRIES = ("FR", "BE", "CH", "CA", "GB", "US", "DE", "ES")
CURRENCIES = {"GB": "GBP", "US": "USD", "CA": "USD", "CH": "CHF"}
EVENT_TYPES = ("page_view", "page_view", "page_view", "search", "search", "add_to_cart", "purchase", "refund")
PRICED = {"add_to_cart", "purchase", "refund"}
PAGES = ("/accueil", "/recherche", "/produit/chaise", "/produit/lampe", "/panier", "/paiement", "/compte")
DEVICES = ("mobile", "ordinateur", "tablette")
NOTES = (
    "Client arrivé par la lettre d'information.",
    "Le panier a été repris d'une session précédente.",
    "Recherche affinée par prix croissant.",
    "Paiement accepté à la première tentative.",
    "Adresse de livraison modifiée en cours de route.",
    "Page ouverte depuis un moteur de recherche.",
)
KINDS = ("card", "card", "transfer", "direct_debit", "fee")
CHANNELS = ("agence", "mobile", "web", "distributeur")


@dataclass
class Row:
    """One row and its whole life.

    id: its true id, even when the answer hides it; event_day: the day it belongs to;
    arrival: when the source first shows it; updated_at: the stamp it then bears;
    corrected_at / deleted_at: when its `corrected` version replaces it, when it vanishes, or None.
    """

    id: int
    event_time: datetime
    arrival: datetime
    updated_at: datetime
    original: dict
    corrected: dict | None = None
    corrected_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def event_day(self) -> date:
        return self.event_time.date()

    def is_visible(self, now: datetime) -> bool:
        return self.arrival <= now and not (self.deleted_at and self.deleted_at <= now)

    def updated_at_as_of(self, now: datetime) -> datetime:
        return self.corrected_at if self.corrected_at and self.corrected_at <= now else self.updated_at

    def fields_as_of(self, now: datetime) -> dict:
        if self.corrected and self.corrected_at and self.corrected_at <= now:
            return self.corrected
        return self.original


def iso(instant: datetime) -> str:
    return f"{instant.isoformat()[:19]}Z"


@lru_cache(maxsize=256)
def batch(seed: int, resource: str, day: date) -> tuple[Row, ...]:
    """The rows that arrive on `day`, by id. Empty before FIRST_DAY."""
    if day < FIRST_DAY:
        return ()
    rng = random.Random(f"{seed}/{resource}/{day}")
    size = rng.randint(900, 1100) if resource == "events" else rng.randint(180, 220)
    rows = _on_time_rows(rng, resource, day, size) + _late_rows(rng, resource, day, size)
    _plant_faults(rng, resource, rows)
    return tuple(rows)


def _on_time_rows(rng: random.Random, resource: str, day: date, size: int) -> list[Row]:
    seconds = sorted(rng.randrange(LAST_EVENT_SECOND) for _ in range(size))
    for index in range(1, size):
        if rng.random() < BURST_SHARE:
            seconds[index] = seconds[index - 1]
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    rows = []
    for index, second in enumerate(seconds, start=1):
        event_time = midnight + timedelta(seconds=second)
        arrival = event_time + timedelta(seconds=2)
        rows.append(make_row(rng, resource, _first_id(day) + index, event_time, arrival, arrival))
    return rows


def _late_rows(rng: random.Random, resource: str, day: date, size: int) -> list[Row]:
    """Rows of the days before. Every other one bears an old stamp, up to OLDEST_STAMP behind any watermark."""
    count = round(size * LATE_SHARE)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    arrivals = sorted(rng.randrange(LATE_FROM_SECOND, 86_400) for _ in range(count))
    rows = []
    for index, second in enumerate(arrivals, start=1):
        back = timedelta(days=rng.randint(1, LATE_DAYS))
        event_time = midnight - back + timedelta(seconds=rng.randrange(LAST_EVENT_SECOND))
        arrival = midnight + timedelta(seconds=second)
        stamp = arrival if index % 2 else max(event_time + timedelta(seconds=2), arrival - OLDEST_STAMP)
        if event_time.date() >= FIRST_DAY:
            rows.append(make_row(rng, resource, _first_id(day) + 5_000 + index, event_time, arrival, stamp))
    return rows


def _first_id(day: date) -> int:
    return (day - FIRST_DAY).days * IDS_A_DAY


def arrival_day_of(row_id: int) -> date:
    """The day on which the row of this id arrived."""
    return FIRST_DAY + timedelta(days=row_id // IDS_A_DAY)


def make_row(
    rng: random.Random, resource: str, row_id: int, event_time: datetime, arrival: datetime, stamp: datetime
) -> Row:
    """A sound row; `arrival` is when the source first shows it, `stamp` the `updated_at` it then bears."""
    make = _event if resource == "events" else _transaction
    head = {"id": row_id, "event_time": iso(event_time), "updated_at": iso(stamp)}
    return Row(row_id, event_time, arrival, stamp, head | make(rng, row_id))


def _pick(rng: random.Random, choices: tuple[str, ...]) -> str:
    """As rng.choice, three times faster: a day holds ten thousand of them."""
    return choices[int(rng.random() * len(choices))]


def _event(rng: random.Random, row_id: int) -> dict:
    kind, country = _pick(rng, EVENT_TYPES), _pick(rng, COUNTRIES)
    return {
        "user_id": 1 + int(rng.random() * 4_999),
        "type": kind,
        "amount": round(rng.uniform(1, 500), 2) if kind in PRICED else None,
        "currency": CURRENCIES.get(country, "EUR"),
        "country": country,
        "payload": {
            "device": _pick(rng, DEVICES),
            "page": _pick(rng, PAGES),
            "session": f"{rng.getrandbits(64):016x}",
            "items": int(rng.random() * 6),
            "note": _pick(rng, NOTES),
        },
    }


def _transaction(rng: random.Random, row_id: int) -> dict:
    cents = rng.randrange(100, 250_000) * rng.choice((-1, -1, -1, 1))
    return {
        "account": f"FR00LAB{rng.randrange(400):020d}",
        "counterparty": f"FR00EXT{rng.randrange(9_000):020d}",
        "amount": _decimal_text(cents),
        "currency": "EUR",
        "status": "pending" if rng.random() < CORRECTED_SHARE else "settled",
        "kind": _pick(rng, KINDS),
        "payload": {"reference": f"LAB-{row_id:09d}", "channel": _pick(rng, CHANNELS)},
    }


def _decimal_text(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _plant_faults(rng: random.Random, resource: str, rows: list[Row]) -> None:
    """Correct, delete or deform a known share of the rows, each row at most once."""
    for row in rows:
        draw = rng.random()
        if draw < CORRECTED_SHARE:
            _correct(rng, resource, row, _some_days_later(rng, row))
        elif draw < CORRECTED_SHARE + DELETED_SHARE:
            row.deleted_at = _some_days_later(rng, row)
        elif draw < CORRECTED_SHARE + DELETED_SHARE + MALFORMED_SHARE:
            row.original = _deform(row.original, resource, rng.choice(MALFORMATIONS))


def _some_days_later(rng: random.Random, row: Row) -> datetime:
    return row.arrival + timedelta(days=rng.randint(1, CORRECTED_DAYS), seconds=rng.randrange(3600))


def _correct(rng: random.Random, resource: str, row: Row, later: datetime) -> None:
    if resource == "transactions":
        change = {"status": "reversed" if row.original["status"] == "settled" else "settled"}
    elif row.original["amount"] is None:
        change = {"country": rng.choice(COUNTRIES)}
    else:
        change = {"amount": round(row.original["amount"] * 0.9, 2)}
    row.corrected_at = later
    row.corrected = row.original | change | {"updated_at": iso(later)}


def _deform(fields: dict, resource: str, kind: str) -> dict:
    if kind == "missing_id":
        return {name: value for name, value in fields.items() if name != "id"}
    owner = "user_id" if resource == "events" else "account"
    wrong: dict[str, dict] = {
        "unreadable_event_time": {"event_time": "31/02/2024"},
        "text_amount": {"amount": "douze"},
        "object_user": {owner: {"id": 5}},
    }
    return fields | wrong[kind]


def encode(rows: list[Row], now: datetime) -> bytes:
    """The JSON array of these rows as they stand at `now`."""
    return orjson.dumps([row.fields_as_of(now) for row in rows])
