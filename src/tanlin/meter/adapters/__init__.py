"""What speaks with devices; each kind of source is imported only when one of it runs (``tanlin.meter.gateways``)."""

from __future__ import annotations

from tanlin.kernel.errors import BadInput, Text, Where
from tanlin.kernel.manifest import load
from tanlin.meter.gateways import KINDS, Adapter


def adapter(kind: str) -> Adapter:
    """The adapter of a kind of source. Raises BadInput for an unknown one."""
    if kind not in KINDS:
        raise BadInput(
            "meter.unknown_kind",
            Text(f"没有这种数据来源：{kind}。", f"There is no such kind of source: {kind}."),
            where=Where(value=kind),
        )
    found: Adapter = load(KINDS[kind])()
    return found
