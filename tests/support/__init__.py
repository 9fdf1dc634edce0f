"""What tests of every room share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared(*parts: str) -> Path:
    """Path inside the reference data folder (TANLIN_SHARED, default ../shared); skips the test without it."""
    folder = Path(os.environ.get("TANLIN_SHARED", ROOT.parent / "shared"))
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"reference data not found: {path} (set TANLIN_SHARED)")
    return path
