"""Meters and the readings that reach them: files, checks, corrections and the registry of metering points.

The pure door: reading a file, guessing its mapping, parsing it and selecting the meters that count.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "mapping": ("Mapping", "guess"),
        "parsing": ("parse", "preview"),
        "registry": ("Row", "devices_schema", "frame_schema", "meters_frame"),
        "sheets": ("safe_cell",),
    },
)
