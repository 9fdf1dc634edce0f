"""Files stored under the hash of their content: written aside, made durable, then renamed into place."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

from tanlin.kernel.paths import home

CHUNK = 2**20
_HASH = re.compile(r"sha256:([0-9a-f]{64})")


def root() -> Path:
    """``home()/evidence``, readable by its owner only."""
    path = home() / "evidence"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def path_of(sha256: str) -> Path:
    """Where the file of a hash lies. Raises ValueError for anything that is no hash."""
    match = _HASH.fullmatch(sha256)
    if match is None:
        raise ValueError(f"not a hash: {sha256!r}")
    digits = match[1]
    return root() / digits[:2] / digits[2:4] / digits


def put(stream: BinaryIO) -> tuple[str, int]:
    """Store a stream; returns its hash and size in bytes. Storing the same content again changes nothing."""
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=root(), prefix=".incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        sha256 = f"sha256:{digest.hexdigest()}"
        target = path_of(sha256)
        if not target.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.replace(name, target)
            for folder in (target.parent, target.parent.parent, root()):
                _sync(folder)
        return sha256, size
    finally:
        Path(name).unlink(missing_ok=True)


def remove(sha256: str) -> None:
    """Delete the file of a hash, if it is there."""
    path_of(sha256).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
