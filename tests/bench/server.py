"""The bench's server: every page serialised beforehand, so that what is timed is the client.

    python -m tests.bench.server --rows 100000 --days 30 --page-size 1000 --latency-ms 0

Prints its address, then serves until it is stopped. /api/events?date=…&limit=…[&cursor=…]
"""

import argparse
import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import orjson

from labkit.practice_api import data

FIRST_DAY = date(2024, 1, 1)


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


def serialise(rows: int, days: int, page_size: int) -> dict[tuple[str, str], bytes]:
    """Each page's whole HTTP answer, by (date, cursor)."""
    a_day = rows // days
    model = model_rows(a_day)
    pages = {}
    for number in range(days):
        day = (FIRST_DAY + timedelta(days=number)).isoformat()
        todays = rows_of(number, model, 1 + number * a_day)
        for start in range(0, max(1, len(todays)), page_size):
            more = start + page_size < len(todays)
            following = str(start + page_size) if more else None
            part = todays[start : start + page_size]
            body = orjson.dumps({"data": part, "next_cursor": following, "has_more": more})
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
                body
            )
            pages[day, str(start) if start else ""] = head + body
    return pages


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
            answer = self.pages[query["date"][0], query.get("cursor", [""])[0]]
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
    asked = parser.parse_args()
    asyncio.run(serve(serialise(asked.rows, asked.days, asked.page_size), asked.latency_ms / 1000))
