"""A small API of our own, for what the practice API never does: odd shapes, cursors in a loop, pages of any length."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


def page_body(rows: list, cursor: str | None) -> str:
    """A page as the practice API writes it."""
    return json.dumps({"data": rows, "next_cursor": cursor, "has_more": cursor is not None})


@contextmanager
def pages_served(answer: Callable[[int, dict], str]) -> Iterator[tuple[str, list[dict]]]:
    """The address of a listing whose request number n (from 0) is answered by answer(n, its parameters).

    The second value collects the parameters of each request.
    """
    seen: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer is two writes, headers and body: the second would wait 40 ms for the first to be acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            seen.append(query)
            body = answer(len(seen) - 1, query).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/events", seen
    finally:
        server.shutdown()
        server.server_close()
