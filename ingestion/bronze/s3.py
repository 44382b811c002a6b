"""A prefix of an S3 storage, in the same form as a folder of this disk (see storage.py).

An object's version is its ETag; it is replaced by a PUT that says If-Match, or If-None-Match where there must be none.
The storage compares and replaces in one step, whatever machine asks: no lock is needed. pyarrow's own S3 cannot say
these two words, boto3 can; it is imported for an address s3:// only.
"""

import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

from ingestion.bronze.contention import Gone, Stale
from ingestion.errors import IngestError, usage_error
from ingestion.secrets import hide

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    raise usage_error("Une adresse s3:// demande boto3 : pip install 'ingestion[s3]'.") from None

CONNECTIONS = 32
CHANGED = (409, 412)  # another conditional request is under way; the condition does not hold
ABSENT = ("NoSuchKey", "404")  # a HEAD has no body to say more


@cache
def _client(endpoint: str | None, region: str | None) -> Any:
    """A client of the storage, for all the threads of this process; it finds the keys as every AWS tool does."""
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 3},
        max_pool_connections=CONNECTIONS,
        # Storages other than Amazon's may not know the checksums that boto3 adds by itself.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)


class S3Folder:
    """A prefix of an S3 storage; the keys and address of the service come from the environment (AWS_…)."""

    def __init__(self, uri: str):
        self.root = uri.removeprefix("s3://").strip("/")
        self.uri = f"s3://{self.root}"
        self.bucket, _, self.prefix = self.root.partition("/")
        if not self.bucket:
            raise usage_error("s3:// demande un seau : s3://seau/prefixe.")
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            hide(os.environ.get(name, ""))
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        with self._errors(""):
            self.client = _client(os.environ.get("AWS_ENDPOINT_URL"), region)

    def __str__(self) -> str:
        return self.uri

    def where(self, name: str) -> str:
        return f"{self.uri}/{name}"

    def source(self, name: str) -> "S3File":
        found = self._head(name)
        return S3File(self, name, found["ETag"], found["ContentLength"])

    def as_file(self) -> "tuple[S3Folder, str] | None":
        if not self.prefix:
            return None
        above, _, name = self.uri.rpartition("/")
        folder = S3Folder(above)
        return (folder, name) if folder.version(name) else None

    def read(self, name: str) -> bytes | None:
        try:
            with self._errors(name):
                content: bytes = self.client.get_object(**self._object(name))["Body"].read()
        except Gone:
            return None
        return content

    def read_piece(self, name: str, etag: str, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`, not included, of this version of an object; Stale if it is another."""
        asked = {"Range": f"bytes={start}-{stop - 1}", "IfMatch": etag}
        with self._errors(name):
            content: bytes = self.client.get_object(**self._object(name), **asked)["Body"].read()
        return content

    def version(self, name: str) -> str | None:
        try:
            etag: str = self._head(name)["ETag"]
        except Gone:
            return None
        return etag

    def replace(self, name: str, content: bytes, seen: str | None) -> None:
        """A single PUT: readers see the former object, or the new one."""
        condition = {"IfMatch": seen} if seen else {"IfNoneMatch": "*"}
        with self._errors(name):
            self.client.put_object(**self._object(name), Body=bytes(content), **condition)

    def delete(self, name: str, seen: str) -> None:
        with self._errors(name):
            self.client.delete_object(**self._object(name), IfMatch=seen)

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Nothing: S3 has no lock to offer, and `replace` needs none."""
        return nullcontext()

    def subfolders_holding(self, name: str) -> list[str]:
        ending = f"/{name}"
        return [
            path.removesuffix(ending)
            for path, size in self._sizes("").items()
            if path.count("/") == 1 and path.endswith(ending) and size
        ]

    def neighbours(self, name: str) -> list[str]:
        folder, _, own = name.rpartition("/")
        others = (path.rpartition("/")[2] for path in self._sizes(f"{folder}/") if path != f"{folder}/")
        return sorted(other for other in others if other[:1] not in (".", "_") and other != own)

    def files(self) -> list[str]:
        return sorted(self._sizes(""))

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self._key(name)}

    def _head(self, name: str) -> Any:
        """What the storage says of an object; Gone if it does not exist."""
        with self._errors(name):
            return self.client.head_object(**self._object(name))

    def _sizes(self, below: str) -> dict[str, int]:
        """The objects below a folder of this prefix, and their sizes in bytes."""
        pages = self.client.get_paginator("list_objects_v2")
        start = self._key(below)
        with self._errors(below):
            found = [
                one
                for page in pages.paginate(Bucket=self.bucket, Prefix=start)
                for one in page.get("Contents", [])
            ]
        return {one["Key"][len(self._key("")) :]: one["Size"] for one in found}

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        """Turn what the storage refuses into Stale where the object changed, else into an IngestError."""
        try:
            yield
        except ClientError as error:
            said = error.response["Error"]
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in CHANGED:
                raise Stale(self.where(name)) from None
            if said["Code"] in ABSENT:
                raise Gone(self.where(name)) from None
            raise self._refused(name, said.get("Message") or said["Code"]) from None
        except (BotoCoreError, ValueError) as error:
            raise self._refused(name, str(error).splitlines()[0]) from None

    def _refused(self, name: str, reason: str) -> IngestError:
        return IngestError(
            "storage_failed",
            f"{self.where(name)} : le stockage refuse ({reason}). Vérifiez seau, clés et adresse.",
        )


class S3File(io.RawIOBase):
    """One version of an object, read piece by piece: pyarrow reads the footer of a large file and leaves the rest."""

    def __init__(self, folder: S3Folder, name: str, etag: str, size: int):
        self.folder, self.name, self.etag, self.size = folder, name, etag, size
        self.position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        return self.position

    def read(self, size: int = -1) -> bytes:
        stop = self.size if size < 0 else min(self.size, self.position + size)
        if stop <= self.position:
            return b""
        content = self.folder.read_piece(self.name, self.etag, self.position, stop)
        self.position = stop
        return content
