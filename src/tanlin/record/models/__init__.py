"""Tables of the record. Constraints are in the database first; only ``services`` and ``jobs`` write."""

from tanlin.record.models.approvals import Approval, ApprovalRule, Delegation, Opinion
from tanlin.record.models.core import (
    AREA,
    Blob,
    ChainHead,
    Event,
    Evidence,
    Fact,
    FigureFact,
    FigureRow,
    Job,
    ReceiptRow,
)
from tanlin.record.models.notices import Notice, NoticeRead, Objection

__all__ = [
    "AREA",
    "Approval",
    "ApprovalRule",
    "Blob",
    "ChainHead",
    "Delegation",
    "Event",
    "Evidence",
    "Fact",
    "FigureFact",
    "FigureRow",
    "Job",
    "Notice",
    "NoticeRead",
    "Objection",
    "Opinion",
    "ReceiptRow",
]
