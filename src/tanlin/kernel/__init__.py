"""The kernel: quantities and units, periods, receipts, errors and the protocols rooms meet by.

It imports no other room and no Django. Names are loaded on first use, so importing it costs nothing.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "errors": (
            "BadInput",
            "Conflict",
            "Forbidden",
            "NotFound",
            "Refused",
            "TanlinError",
            "Text",
            "Where",
        ),
        "figure": ("Figure",),
        "manifest": ("Method", "Nav", "Room"),
        "paths": ("home",),
        "period": ("Period", "calendar_frame", "local_fields", "utc_offsets"),
        "receipt": ("Change", "Receipt", "Recomputed", "Replay", "canonical", "sha256"),
        "units": ("CANONICAL", "CHANNELS", "to_canonical"),
    },
)
