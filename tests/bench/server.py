"""The bench's server: every page serialised beforehand, so that what is timed is the client.

    python -m tests.bench.server --rows 100000 --days 30 --page-size 1000 --latency-ms 0 --data sound

Prints its address, then serves until it is stopped. /api/events?date=…&limit=…[&cursor=…]

--data: `sound` rows in the resource's own schema and the shortest envelope; `unknown`, two more columns, two more
fields inside `payload`, `total` and `last_id` in the envelope; `bad`, one row in 250 with an amount in letters; `both`.
With &sound=1 the bad rows come sound: what a client that cannot refuse a row is measured on.
"""

import argparse
import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import orjson

from labkit.practice_api import data

FIRST_DAY = date(2024, 1, 1)
ONE_BAD_IN = 250


def rows_of(day: int, model: list[dict], first_id: int) -> list[dict]:
    """The model's rows, moved to the day of this number, with ids of their own."""
    midnight = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day)
    step = 86_000 / max(1, len(model))
    rows = []
    for index, row in enumerate(model):
        instant = data.iso(midnight + timedelta(seconds=index * step))
        rows.append(row | {"id": first_id + index, "event_time": instant, "updated_at": instant})
    return rows


def model_rows(count: int) -> list[dict]:
    """`count` sound events of about 450 bytes each."""
    rng = random.Random(1)
    instant = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [data.make_row(rng, "events", 1, instant, instant, instant).original for _ in range(count)]
    for row in rows:
        row["payload"]["note"] = " ".join(rng.choices(data.NOTES, k=4))
    return rows


def with_unknown_fields(row: dict) -> dict:
    """The row with what its schema does not name."""
    row["payload"] |= {"score": 0.5, "tags": ["a", "b"]}
    return row | {
        "title": "a title of the row",
        "body": "some words that make a text of a usual length. " * 3,
    }


def with_bad_amounts(rows: list[dict]) -> list[dict]:
    return [row | {"amount": "douze"} if number % ONE_BAD_IN == 7 else row for number, row in enumerate(rows)]


def serialise(rows: int, days: int, page_size: int, kind: str) -> dict[tuple[str, str, bool], bytes]:
    """Each page's whole HTTP answer, by (date, cursor, whether its bad rows are wanted sound)."""
    a_day = rows // days
    model = model_rows(a_day)
    if kind in ("unknown", "both"):
        model = [with_unknown_fields(row) for row in model]
    pages = {}
    for number in range(days):
        day = (FIRST_DAY + timedelta(days=number)).isoformat()
        todays = rows_of(number, model, 1 + number * a_day)
        for start in range(0, max(1, len(todays)), page_size):
            more = start + page_size < len(todays)
            following = str(start + page_size) if more else None
            part, cursor = todays[start : start + page_size], str(start) if start else ""
            envelope = {"next_cursor": following, "has_more": more}
            if kind in ("unknown", "both"):
                envelope = {"total": a_day, "last_id": part[-1]["id"], **envelope}
            pages[day, cursor, True] = pages[day, cursor, False] = answer_of(part, envelope)
            if kind in ("bad", "both"):
                pages[day, cursor, False] = answer_of(with_bad_amounts(part), envelope)
    return pages


def answer_of(part: list[dict], envelope: dict) -> bytes:
    body = orjson.dumps({"data": part, **envelope})
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


class Pages(asyncio.Protocol):
    def __init__(self, pages: dict, latency: float):
        self.pages, self.latency, self.buffer = pages, latency, b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, received: bytes) -> None:
        self.buffer += received
        while b"\r\n\r\n" in self.buffer:
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            query = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
            answer = self.pages[query["date"][0], query.get("cursor", [""])[0], "sound" in query]
            asyncio.get_running_loop().call_later(self.latency, self.transport.write, answer)


async def serve(pages: dict, latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Pages(pages, latency), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--rows", "--days", "--page-size", "--latency-ms"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--data", choices=("sound", "unknown", "bad", "both"), default="sound")
    asked = parser.parse_args()
    pages = serialise(asked.rows, asked.days, asked.page_size, asked.data)
    asyncio.run(serve(pages, asked.latency_ms / 1000))
