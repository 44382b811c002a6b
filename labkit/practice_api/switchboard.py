"""The instructor's switchboard: the clock, the faults, inserted rows, counters, and the inbox."""

import json
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from time import time as time_now
from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from labkit.practice_api import data
from labkit.practice_api.journal import Journal
from labkit.practice_api.listing import Source

START = datetime(2024, 4, 1, tzinfo=UTC)
FaultKind = Literal[
    "401", "404", "429", "500", "503", "cut_body", "invalid_json", "html", "list",
    "slow", "changed_schema", "redirect", "empty_page",
]  # fmt: skip


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fault(Strict):
    """A fault on requests whose path starts with `path`: for the `next` N of them, or at a `rate`."""

    kind: FaultKind
    next: int = Field(default=0, ge=0)
    rate: float = Field(default=0, ge=0, le=1)
    path: str = "/api"
    retry_after: int | None = Field(default=None, ge=0, description="seconds")
    retry_after_form: Literal["seconds", "date"] = "seconds"
    delay_s: float = Field(default=1.0, ge=0, le=60)
    location: str = "http://autre-hote.test/"


class ClockChange(Strict):
    now: AwareDatetime | None = None
    advance_days: int | None = None


class Insert(Strict):
    """`count` new rows on day `date`, early in it, after the next `after_requests` listings."""

    resource: Literal["events", "transactions"] = "events"
    count: int = Field(default=1, ge=1, le=500)
    date: date
    after_requests: int = Field(default=0, ge=0)


@dataclass
class Switchboard:
    """All that can change while the API runs. `reset` brings it back to the first day."""

    seed: int
    start: datetime = START
    now: datetime = field(init=False)
    journal: Journal = field(init=False, default_factory=Journal)
    resets: int = field(init=False, default=0)

    def __post_init__(self):
        self.reset()

    def reset(self) -> None:
        self.now = self.start
        self.faults: list[Fault] = []
        self.pending_inserts: list[Insert] = []
        self.inserted: dict[str, list[data.Row]] = {"events": [], "transactions": []}
        self.requests: Counter[str] = Counter()
        self.bytes = 0
        self.statuses: Counter[int] = Counter()
        self.inbox: deque[dict] = deque(maxlen=1000)
        self.messages = 0
        self.dice = random.Random(self.seed)
        self.journal.clear()
        self.resets += 1

    def source(self) -> Source:
        return Source(self.seed, self.now, self.inserted)

    def fault_for(self, path: str) -> Fault | None:
        """The fault this request meets, if any; a counted fault is used up."""
        for fault in self.faults:
            if not path.startswith(fault.path):
                continue
            if fault.next:
                fault.next -= 1
                if not fault.next and not fault.rate:
                    self.faults.remove(fault)
                return fault
            if self.dice.random() < fault.rate:
                return fault
        return None

    def listing_served(self, resource: str) -> None:
        """Count down the inserts that wait for this resource's listings."""
        for insert in [waiting for waiting in self.pending_inserts if waiting.resource == resource]:
            insert.after_requests -= 1
            if insert.after_requests <= 0:
                self.pending_inserts.remove(insert)
                self.insert_now(insert)

    def insert_now(self, insert: Insert) -> None:
        rows = self.inserted[insert.resource]
        arrival_day = (self.now - timedelta(seconds=1)).date()
        first_id = (arrival_day - data.FIRST_DAY).days * data.IDS_A_DAY + data.INSERTED_IDS_FROM + len(rows)
        midnight = datetime.combine(insert.date, time.min, tzinfo=UTC)
        rng = random.Random(f"{self.seed}/insert/{first_id}")
        for index in range(insert.count):
            event_time = midnight + timedelta(seconds=index)
            row = data.make_row(rng, insert.resource, first_id + index, event_time, self.now, self.now)
            rows.append(row)


def routes(board: Switchboard) -> APIRouter:
    router = APIRouter(prefix="/_lab", tags=["pupitre du formateur"])

    @router.get("/health", summary="L'API est-elle debout ?")
    def health() -> dict:
        return {"status": "ok", "now": data.iso(board.now), "seed": board.seed}

    @router.get("/clock", summary="L'heure de l'API")
    def clock() -> dict:
        return {"now": data.iso(board.now)}

    @router.put("/clock", summary="Avancer ou régler l'heure : de nouvelles lignes apparaissent")
    def set_clock(change: ClockChange) -> dict:
        before = board.now
        try:
            wanted = (change.now or before).astimezone(UTC) + timedelta(days=change.advance_days or 0)
        except OverflowError:
            wanted = datetime.max.replace(tzinfo=UTC)
        if not data.FIRST_DAY <= wanted.date() <= data.LAST_DAY:
            raise HTTPException(
                422,
                f"L'horloge va du {data.FIRST_DAY} au {data.LAST_DAY} : choisissez un jour entre les deux.",
            )
        board.now = wanted
        return {"now": data.iso(board.now), "new_events": _events_arrived(board.seed, before, board.now)}

    @router.post("/inserts", summary="Insérer des lignes, tout de suite ou entre deux pages")
    def insert(request: Insert) -> dict:
        if request.after_requests:
            board.pending_inserts.append(request)
        else:
            board.insert_now(request)
        return {"pending": len(board.pending_inserts), "inserted": len(board.inserted[request.resource])}

    @router.get("/faults", summary="Les pannes en place")
    def faults() -> list[Fault]:
        return board.faults

    @router.post("/faults", summary="Mettre une panne")
    def add_fault(fault: Fault) -> list[Fault]:
        board.faults.append(fault)
        return board.faults

    @router.delete("/faults", summary="Lever toutes les pannes")
    def clear_faults() -> list[Fault]:
        board.faults.clear()
        return board.faults

    @router.get("/counters", summary="Requêtes et octets servis depuis la remise à zéro")
    def counters() -> dict:
        return {
            "requests": board.requests.total(),
            "bytes": board.bytes,
            "by_path": dict(board.requests),
            "by_status": {str(status): count for status, count in board.statuses.items()},
        }

    @router.get("/inbox", summary="Les notifications reçues")
    def inbox() -> Response:
        """In ASCII, since a message may hold a lone surrogate, which UTF-8 cannot say."""
        return Response(json.dumps(list(board.inbox)), media_type="application/json")

    @router.post("/inbox", status_code=201, summary="Déposer une notification (n8n)")
    def post_message(message: dict) -> dict:
        board.messages += 1
        board.inbox.append({"number": board.messages, "at": time_now(), "message": message})
        return {"number": board.messages}

    @router.delete("/inbox", summary="Vider la boîte")
    def clear_inbox() -> list[dict]:
        board.inbox.clear()
        return []

    @router.post("/reset", summary="Tout remettre comme au premier jour")
    def reset() -> dict:
        board.reset()
        return health()

    return router


def _events_arrived(seed: int, after: datetime, until: datetime) -> int:
    """How many events arrived after one instant and no later than another."""
    days = (until.date() - after.date()).days + 1
    return sum(
        after < row.arrival <= until
        for offset in range(days)
        for row in data.batch(seed, "events", after.date() + timedelta(days=offset))
    )
