"""Where a run writes, as a test reads it: a folder of this disk, or a real S3 endpoint (moto's server) on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from pyarrow import fs
from werkzeug.serving import make_server

SECRET = "not-to-be-seen-anywhere-4f1c"
SESSION = "nor-is-this-session-token-9b2e"


class OneChangeAtATime:
    """moto compares, then replaces, and lets another request in between; S3 does both in one step."""

    def __init__(self, application):
        self.application, self.lock = application, threading.Lock()

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "GET":
            return self.application(environ, start_response)
        with self.lock:
            return self.application(environ, start_response)


@contextmanager
def running_storage() -> Iterator[dict[str, str]]:
    """The variables by which a script finds a storage that runs for the time of a `with`."""
    application = OneChangeAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "key-of-the-lab",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": SESSION,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@contextmanager
def bucket(variables: dict[str, str], name: str) -> Iterator[fs.S3FileSystem]:
    """An empty bucket of this name, as pyarrow sees it; it is removed at the end."""
    storage = fs.S3FileSystem(
        access_key=variables["AWS_ACCESS_KEY_ID"],
        secret_key=variables["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=variables["AWS_ENDPOINT_URL"],
        region=variables["AWS_DEFAULT_REGION"],
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
    )
    storage.create_dir(name)
    try:
        yield storage
    finally:
        storage.delete_dir(name)


@dataclass(frozen=True)
class Disk:
    """The files of a run on this disk, by their names below `root`."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def at(self, name: str) -> str:
        """What is given to a script."""
        return str(self.root / name)

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(content)

    def changed_at(self, name: str) -> int:
        return (self.root / name).stat().st_mtime_ns

    def names(self, below: str) -> list[str]:
        paths = (self.root / below).rglob("*")
        return sorted(path.relative_to(self.root).as_posix() for path in paths if path.is_file())


@dataclass(frozen=True)
class OnS3:
    """The same on S3, below `root`, which begins with the bucket."""

    environment: dict[str, str]
    s3: fs.S3FileSystem
    root: str

    def at(self, name: str) -> str:
        return f"s3://{self.root}/{name}"

    def read(self, name: str) -> bytes:
        return self.s3.open_input_stream(f"{self.root}/{name}").read()

    def write(self, name: str, content: bytes) -> None:
        with self.s3.open_output_stream(f"{self.root}/{name}") as stream:
            stream.write(content)

    def changed_at(self, name: str) -> int:
        return self.s3.get_file_info(f"{self.root}/{name}").mtime_ns

    def names(self, below: str) -> list[str]:
        selected = fs.FileSelector(f"{self.root}/{below}", recursive=True, allow_not_found=True)
        found = (one for one in self.s3.get_file_info(selected) if one.type == fs.FileType.File)
        return sorted(one.path[len(self.root) + 1 :] for one in found)
