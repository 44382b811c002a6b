"""A limit on a whole exchange, headers that drip one by one included, which no timeout between two bytes gives."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

LOOKS_EVERY = 0.25
_current = threading.local()


class Watched(HTTPAdapter):
    """An adapter of requests whose exchanges are cut at a deadline.

    One thread looks at the sockets in use four times a second: a timer for each request would cost more than the
    request.
    """

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """During this block the sockets that this thread uses are shut at `deadline` (time.monotonic(), seconds)."""
        _current.deadline = deadline
        try:
            yield
        finally:
            _watch.forget(threading.get_ident())
            _current.deadline = None


class _Watch:
    """The sockets in use, one a thread, and when to shut them."""

    def __init__(self) -> None:
        self.sockets: dict[int, tuple[socket.socket, float]] = {}
        self.lock = threading.Lock()
        self.started = False

    def look_at(self, connection: HTTPConnection) -> None:
        deadline = getattr(_current, "deadline", None)
        if deadline is None or connection.sock is None:
            return
        self.sockets[threading.get_ident()] = (connection.sock, deadline)
        if not self.started:
            with self.lock:
                if not self.started:
                    threading.Thread(target=self._shut_the_late, daemon=True).start()
                    self.started = True

    def forget(self, thread: int) -> None:
        self.sockets.pop(thread, None)

    def _shut_the_late(self) -> None:
        while True:
            time.sleep(LOOKS_EVERY)
            for used, deadline in list(self.sockets.values()):
                if time.monotonic() > deadline:
                    with suppress(OSError):
                        used.shutdown(socket.SHUT_RDWR)


_watch = _Watch()


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:
        _watch.look_at(self)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:
        _watch.look_at(self)
        return super().getresponse()


# Any: urllib3's own connections fall short of the protocols that it declares here.
class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls: Any = _TlsConnection
