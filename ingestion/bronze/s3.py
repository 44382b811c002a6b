"""Un préfixe d'un stockage S3, sous la même forme qu'un dossier de ce disque (voir storage.py)."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyarrow import fs

from ingestion.bronze.disk import exclusive
from ingestion.errors import IngestError, usage_error


class S3Folder:
    """Un préfixe d'un stockage S3 ; clés et adresse du service viennent de l'environnement (AWS_…)."""

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

    def source(self, name: str):
        return self.fs.open_input_file(f"{self.root}/{name}")

    def read(self, name: str) -> bytes | None:
        with self._errors(name):
            if not self.exists(name):
                return None
            with self.fs.open_input_stream(f"{self.root}/{name}") as stream:
                return stream.read()

    def exists(self, name: str) -> bool:
        with self._errors(name):
            return self.fs.get_file_info(f"{self.root}/{name}").type == fs.FileType.File

    def replace(self, name: str, content: bytes) -> None:
        """Un seul PUT : les lecteurs voient l'ancien objet, ou le nouveau."""
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
            for path in self.files()
            if path.count("/") == 1 and path.endswith(ending)
        ]

    def files(self) -> list[str]:
        with self._errors(""):
            found = self.fs.get_file_info(fs.FileSelector(self.root, recursive=True, allow_not_found=True))
        names = (info.path[len(self.root) + 1 :] for info in found if info.type == fs.FileType.File)
        return sorted(names)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Réserve le préfixe entre les passages de cette machine ; S3 n'a pas de verrou à offrir aux autres."""
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
