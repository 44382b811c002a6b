"""A small API over real HTTP, whose answers a test decides: from what is asked to (status, headers, body)."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email.message import Message
from urllib.parse import parse_qsl, urlsplit

import orjson

Answer = tuple[int, dict[str, str], bytes]
DAY, NOON = date(2024, 1, 5), datetime(2024, 1, 5, 12, tzinfo=UTC)


def row(number: object, at: datetime | str = NOON, **more: object) -> dict:
    """An event as the API gives it."""
    return {"id": number, "event_time": at.isoformat() if isinstance(at, datetime) else at, **more}


def envelope(rows: list, next_cursor: str | None = None, has_more: bool = False) -> Answer:
    return 200, {}, orjson.dumps({"data": rows, "next_cursor": next_cursor, "has_more": has_more})


@contextmanager
def answering(answer: Callable[[str, Message], Answer]) -> Iterator[str]:
    """The address of a server that answers every GET with `answer(path and query, headers)`, during a `with`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer is two writes, headers and body: the second would wait 40 ms for the first to be acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self):
            status, headers, body = answer(self.path, self.headers)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def toy_api(answer: Callable[[dict[str, str]], Answer], seen: list | None = None) -> Iterator[str]:
    """The address of an API that answers every GET with `answer(query)`, for the time of a `with`.

    seen: collects the path and the Authorization header of each request.
    """

    def answer_query(asked: str, headers: Message) -> Answer:
        parts = urlsplit(asked)
        if seen is not None:
            seen.append((parts.path, headers.get("Authorization")))
        return answer(dict(parse_qsl(parts.query)))

    with answering(answer_query) as address:
        yield address
