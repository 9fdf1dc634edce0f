"""Random streams seeded by name, so that one place never shifts the numbers of another."""

from __future__ import annotations

import hashlib

import numpy as np


def rng(*names: str) -> np.random.Generator:
    """A PCG64 stream that depends on `names` alone."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
