"""A full disk, told by its name: every library that writes says it in its own way."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from tanlin.kernel.errors import TanlinError, Text

_NUMBERS = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
_WORDS = ("no space left", "disk is full", "not enough space", "quota exceeded")


class DiskFull(TanlinError):
    """Nothing could be stored; what was stored before stands, and the same act may be tried again."""

    http_status = 507


@contextmanager
def full_disk_named() -> Iterator[None]:
    """Raise DiskFull in place of whatever a library raises when there is no space left."""
    try:
        yield
    except Exception as error:
        if not _is_full(error):
            raise
        raise DiskFull(
            "readings.disk_full",
            Text(
                "磁盘空间不足，本次操作没有生效；已保存的读数不受影响。",
                "The disk is full: this did not take effect. Readings already stored are not affected.",
            ),
            remedy=Text(
                "请释放磁盘空间（可用 tanlin readings compact 清理旧文件）后重试同一操作。",
                "Free some space (tanlin readings compact deletes old files), then do the same again.",
            ),
        ) from error


def _is_full(error: BaseException | None) -> bool:
    while error is not None:
        words = str(error).lower()
        if getattr(error, "errno", None) in _NUMBERS or any(word in words for word in _WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
