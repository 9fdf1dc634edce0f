"""Readings: where they live and how a question is asked of them.

An append-only ``log`` of what was read, the ``current`` effective intervals derived from it, local
``days`` and digests, asked through one portable SQL text and numpy functions over Arrow. This door is
pure; verbs that write are in ``tanlin.readings.services``, reads of the store in ``tanlin.readings.queries``.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "engine": ("Engine", "Source", "default_engine"),
        "snapshot": ("Snapshot",),
        "effective": ("Effective", "derive"),
        "days": ("daily",),
        "digest": ("digests", "set_digest"),
        "inbox": ("Held", "Inbox", "Standing"),
        "inbox_database": ("InboxFull",),
        "locks": ("locked",),
        "schema": ("CURRENT", "DAYS", "DIGESTS", "LOG", "READINGS"),
    },
)
