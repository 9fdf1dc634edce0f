"""The record: what happened, what is known, and what was computed from it.

Event log with a hash chain, dated facts, figures with their receipts and dirty marks, evidence files
and jobs. It never interprets a fact. Names here are pure (but for ``Run`` and ``register_answer``) and loaded on first use; verbs that write are
in ``tanlin.record.services``, reads that prove the right in ``tanlin.record.queries``.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "facts": ("FactRow", "FactUse", "covers", "regions_above"),
        "jobs": ("Run",),  # Run needs Django: what a job function is given
        "figures": ("figure_json",),
        "register": ("Register", "safe", "workbook"),
        "views.registers": ("register_answer",),  # needs Django: the answer of a view
        "replay": ("same_result", "table_bytes"),
    },
)
