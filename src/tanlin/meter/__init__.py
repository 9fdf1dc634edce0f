"""Meters and the readings that reach them: files, checks, corrections and the registry of metering points.

The pure door: reading a file, guessing its mapping, parsing it and selecting the meters that count.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "cells": ("moment", "number"),
        "mapping": ("Mapping", "guess"),
        "parsing": ("parse", "preview"),
        "registry": ("Row", "devices_schema", "frame_schema", "meters_frame"),
        "sheets": ("Sheet", "read", "safe_cell"),
        "uses": ("USES", "use_of"),
    },
)
