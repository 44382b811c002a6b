"""A prefix of an S3 storage, in the same form as a folder of this disk (see storage.py)."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyarrow import NativeFile, fs

from ingestion.bronze.disk import exclusive
from ingestion.errors import IngestError, usage_error


class S3Folder:
    """A prefix of an S3 storage; the keys and address of the service come from the environment (AWS_…)."""

    def __init__(self, uri: str):
        self.root = uri.removeprefix("s3://").strip("/")
        self.uri = f"s3://{self.root}"
        if not self.root:
            raise usage_error("s3:// demande un seau : s3://seau/prefixe.")
        self.fs = fs.S3FileSystem(
            endpoint_override=os.environ.get("AWS_ENDPOINT_URL"),
            allow_delayed_open=True,
            background_writes=False,
            connect_timeout=5,
            request_timeout=30,
        )

    def __str__(self) -> str:
        return self.uri

    def where(self, name: str) -> str:
        return f"{self.uri}/{name}"

    def source(self, name: str) -> NativeFile:
        return self.fs.open_input_file(f"{self.root}/{name}")

    def read(self, name: str) -> bytes | None:
        with self._errors(name):
            if not self.exists(name):
                return None
            with self.fs.open_input_stream(f"{self.root}/{name}") as stream:
                content: bytes = stream.read()
                return content

    def exists(self, name: str) -> bool:
        with self._errors(name):
            return bool(self.fs.get_file_info(f"{self.root}/{name}").type == fs.FileType.File)

    def replace(self, name: str, content: bytes) -> None:
        """A single PUT: readers see the former object, or the new one."""
        with self._errors(name), self.fs.open_output_stream(f"{self.root}/{name}", buffer_size=0) as stream:
            stream.write(content)

    def delete(self, name: str) -> None:
        if self.exists(name):
            with self._errors(name):
                self.fs.delete_file(f"{self.root}/{name}")

    def subfolders_holding(self, name: str) -> list[str]:
        ending = f"/{name}"
        return [
            path.removesuffix(ending)
            for path, size in self._sizes("", recursive=True).items()
            if path.count("/") == 1 and path.endswith(ending) and size
        ]

    def neighbours(self, name: str) -> list[str]:
        own, names = name.rpartition("/"), self._sizes(name.rpartition("/")[0], recursive=False)
        others = (path.rpartition("/")[2] for path in names)
        return sorted(other for other in others if other[0] not in "._" and other != own[2])

    def files(self) -> list[str]:
        return sorted(self._sizes("", recursive=True))

    def _sizes(self, below: str, recursive: bool) -> dict[str, int]:
        """The files below a folder of this prefix, and their sizes in bytes."""
        with self._errors(below):
            start = f"{self.root}/{below}".rstrip("/")
            found = self.fs.get_file_info(fs.FileSelector(start, recursive=recursive, allow_not_found=True))
        return {info.path[len(self.root) + 1 :]: info.size for info in found if info.type == fs.FileType.File}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the prefix between the runs of this machine; S3 has no lock to offer to the others."""
        name = hashlib.sha256(self.uri.encode()).hexdigest()[:16]
        with exclusive(Path(tempfile.gettempdir(), f"ingestion-{name}.lock"), self.uri):
            yield

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = str(error).splitlines()[0]
            raise IngestError(
                "storage_failed",
                f"{self.where(name)} : le stockage refuse ({reason}). Vérifiez seau, clés et adresse.",
            ) from None
