"""Serve the practice API: for good (`lab api`), or on 127.0.0.1 for the time of a test."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from labkit.base import secret_store
from labkit.base.addresses import bind, is_open, public_origin
from labkit.base.paths import HOST
from labkit.practice_api.app import create_app
from labkit.practice_api.stream import Stream


@dataclass(frozen=True)
class RunningApi:
    url: str
    app: FastAPI


def serve(port: int, token: str | None = None) -> None:
    """Serve until interrupted. Port 0 takes a free one. OSError if the port is taken.

    Open to other machines, it asks whoever comes from there for a token: `token`, or the lab's own.
    """
    visitors_token = (token or secret_store.load()["api_token"]) if is_open() else None
    with _listen(port, bind()) as listener:
        print(f"practice API on {_url(listener)}", flush=True)
        if visitors_token:
            print(f"{public_origin()}:{listener.getsockname()[1]}/?token={visitors_token}", flush=True)
        _server(create_app(token=token, visitors_token=visitors_token)).run(sockets=[listener])


@contextmanager
def running_api(**settings) -> Iterator[RunningApi]:
    """The API on a free port, in a thread, for the time of a `with`; `settings` as for create_app."""
    app = create_app(**settings)
    with _listen(0) as listener:
        server = _server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield RunningApi(_url(listener), app)
        finally:
            server.should_exit = True
            thread.join()


def _listen(port: int, host: str = HOST) -> socket.socket:
    """asyncio sets TCP_NODELAY only on sockets that name TCP; create_server's do not, and each answer took 40 ms."""
    listener = socket.create_server((host, port))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _server(app: FastAPI) -> uvicorn.Server:
    """Quiet: a body cut on purpose is not an error worth a traceback."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    # The guard looks at who really calls: a header may say anything.
    config = uvicorn.Config(
        app, log_config=None, access_log=False, proxy_headers=False, timeout_graceful_shutdown=1
    )
    return Server(config, app.state.stream)


class Server(uvicorn.Server):
    """Ends the event streams first: uvicorn waits for open requests, and those never end by themselves."""

    def __init__(self, config: uvicorn.Config, stream: Stream):
        super().__init__(config)
        self.stream = stream

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.stream.close()
        await super().shutdown(sockets)
