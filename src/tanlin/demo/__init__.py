"""Demonstration: five fictional places with two years of made-up readings.

The generator is pure (numpy and pyarrow, no Django): `places.py` says what stands where,
`generator.py` makes the readings. `published.py` carries what the press printed about the
real cases, each figure with its source, and never a score or a verdict. `load.py` writes
all of it through the services of the other rooms; `real.py` does the same with a folder of
real meters.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "places": ("PLACES", "place"),
        "generator": ("generate", "digest"),
        "published": ("published_facts",),
        "weather": ("synthesise",),
    },
)
