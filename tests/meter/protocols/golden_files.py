"""Frames of the golden files by name."""

from pathlib import Path

HERE = Path(__file__).parent / "golden"


def frames(protocol: str) -> dict[str, bytes]:
    """Every frame of ``golden/<protocol>.txt``."""
    lines = (HERE / f"{protocol}.txt").read_text(encoding="utf-8").splitlines()
    named = (line.split(":", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {name: bytes.fromhex(text) for name, text in named}
