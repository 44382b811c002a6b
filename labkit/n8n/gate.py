"""A port that opens once what is behind it is ready.

n8n answers long before it can do anything, with a page that says 404: who starts it at a click, as a hub does, would
show that page. Bytes pass as they are, so that web sockets pass too.
"""

import contextlib
import socket
import socketserver
import threading
from functools import partial
from typing import Any

from labkit.base.paths import HOST


class Gate(socketserver.ThreadingTCPServer):
    """Hands every connection to `address` on to the port `behind` of this machine. OSError if the address is taken."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], behind: int):
        super().__init__(address, partial(_Passage, behind))

    def let_through(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Passage(socketserver.BaseRequestHandler):
    def __init__(self, behind: int, *connection: Any):
        self.behind = behind
        super().__init__(*connection)

    def handle(self) -> None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.behind)) as inner:
            for end in (inner, self.request):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = threading.Thread(target=_carry, args=(inner, self.request), daemon=True)
            answers.start()
            _carry(self.request, inner)
            answers.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    """All that comes from `source`, to its end."""
    with contextlib.suppress(OSError):
        while piece := source.recv(2**16):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
