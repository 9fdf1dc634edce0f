"""Text columns as small sorted codes, so that rows sort and compare as numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_RANK = {"measured": 0, "edited": 1}
_ESTIMATED, _REJECTED = 2, 3


class Labels(NamedTuple):
    """The text of each code."""

    texts: list[str]

    def take(self, codes: np.ndarray) -> pa.Array:
        return pc.take(pa.array(self.texts, pa.string()), pa.array(codes))


def encode(column: pa.ChunkedArray) -> tuple[np.ndarray, Labels]:
    """Codes (int16, n) in alphabetic order of the texts, and the texts."""
    return _encoded(column, lambda text: (0, text))


def quality_labels(column: pa.ChunkedArray) -> tuple[np.ndarray, Labels]:
    """Codes (int16, n) from best to worst: measured, edited, estimated by any method, rejected."""
    codes, labels = _encoded(column, quality_rank)
    if "measured" not in labels.texts:  # the ends that a device row states are measured
        return codes + np.int16(1), Labels(["measured", *labels.texts])
    return codes, labels


def quality_rank(text: str) -> tuple[int, str]:
    """Sorts qualities from best to worst, and methods of estimation by name."""
    return (_RANK.get(text, _REJECTED if text == "rejected" else _ESTIMATED), text)


def _encoded(column, key) -> tuple[np.ndarray, Labels]:  # type: ignore[no-untyped-def]
    dictionary = column.combine_chunks().dictionary_encode()
    if isinstance(dictionary, pa.ChunkedArray):
        dictionary = dictionary.unify_dictionaries().combine_chunks()
    texts = dictionary.dictionary.to_pylist()
    ordered = sorted(texts, key=key)
    place = {text: i for i, text in enumerate(ordered)}
    recode = np.array([place[text] for text in texts], np.int16)
    return recode[dictionary.indices.to_numpy(zero_copy_only=False)], Labels(ordered)
