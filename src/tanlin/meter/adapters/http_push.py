"""HTTP push: devices post JSON or line protocol with the token of their source.

The site takes the rows itself (one address, one certificate) and answers 202 when every row of the batch is on disk: as a
reading, or held with its reason beside the readings. So a batch is kept whole or not at all, and may be sent again.
"""

from __future__ import annotations

import asyncio
import threading
import time
import zlib
from collections.abc import Mapping
from typing import Any

from tanlin.kernel.errors import BadInput, Forbidden, TanlinError, Text
from tanlin.meter import pushed
from tanlin.meter.gateways import Field, Sink, Source, bad_setting

#: Bytes of a body as sent, and unpacked.
MOST_BYTES, MOST_UNPACKED = 10 * 2**20, 64 * 2**20
RETRY_SECONDS = 30

SECONDS = Field(
    "seconds",
    Text("区间长度（秒）", "Length of the interval, s"),
    "number",
    0,
    Text("数据自身未写明时使用；0 表示表底数。", "Where the data do not say it; 0: register readings."),
)
UNIT = Field(
    "unit",
    Text("单位", "Unit"),
    "text",
    "",
    Text(
        "数据自身未写明时使用；留空则用表计的单位。",
        "Where the data do not say it; empty: the unit of the meter.",
    ),
)
ENDS = Field(
    "ends",
    Text("时间为区间结束时刻", "Times say when an interval ends"),
    "flag",
    False,
)


class TooLarge(BadInput):
    """The body is too long."""

    http_status = 413


class Unknown(TanlinError):
    """No source has this token."""

    http_status = 401


class TooMany(TanlinError):
    """The source sends more than its share."""

    http_status = 429


class HttpPush:
    """The settings of a pushed source; there is nothing to run."""

    title = Text("HTTP 推送", "HTTP push")
    fields = (SECONDS, UNIT, ENDS)

    def check(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Raises BadInput."""
        return row_defaults(config)

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        """The site takes what is pushed."""
        await stop.wait()


def row_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that stand for what a row leaves out. Raises BadInput."""
    try:
        seconds = int(config.get("seconds") or 0)
    except (TypeError, ValueError):
        seconds = -1
    if not 0 <= seconds <= 366 * 86_400:
        raise bad_setting(
            "seconds",
            config.get("seconds"),
            Text("区间长度须为 0 至 31622400 秒。", "The length must be from 0 to 31,622,400 seconds."),
        )
    unit = str(config.get("unit") or "").strip()[:20]
    return {"seconds": seconds, "unit": unit, "ends": flag(config.get("ends"))}


def flag(value: object) -> bool:
    """A setting that is on or off, also as text."""
    return str(value).lower() in ("1", "true", "on", "yes")


def defaults_of(config: Mapping[str, Any], tz: str, now: int) -> pushed.Defaults:
    """The settings of a source for reading its rows."""
    return pushed.Defaults(
        now, tz, config.get("seconds", 0), config.get("unit") or None, ends=config.get("ends", False)
    )


def unpack(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding. Raises TooLarge, BadInput (damaged, or an unknown encoding)."""
    if len(body) > MOST_BYTES:
        raise _too_large(MOST_BYTES)
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise BadInput(
            "meter.push_encoding",
            Text(f"不支持的压缩方式 {encoding}。", f"Unknown content encoding {encoding}."),
            remedy=Text("请使用 gzip 或不压缩。", "Use gzip or none."),
        )
    room = MOST_UNPACKED
    parts: list[bytes] = []
    while body or not parts:  # a gzip file may have several members, one behind the other
        packed = zlib.decompressobj(wbits=31)
        try:
            parts.append(packed.decompress(body, room + 1))
        except zlib.error as error:
            raise _damaged(str(error)) from error
        room -= len(parts[-1])
        if room < 0:
            raise _too_large(MOST_UNPACKED)
        if not packed.eof:
            raise _damaged("unexpected end")
        body = packed.unused_data.lstrip(b"\0")  # padding is allowed behind the last one
    return b"".join(parts)


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        "meter.push_too_large",
        Text(
            f"内容超过 {most // 2**20} MB，未收下。",
            f"The body exceeds {most // 2**20} MB; nothing was taken.",
        ),
        remedy=Text("请分批发送。", "Send it in several batches."),
    )


def _damaged(why: str) -> BadInput:
    return BadInput(
        "meter.push_damaged",
        Text(f"gzip 内容已损坏，未收下：{why}", f"The gzip body is damaged, nothing was taken: {why}"),
        remedy=Text("请重新发送。", "Send it again."),
    )


class Rates:
    """Rows of each source in the present minute of this process."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def count(self, source: int, rows: int, most: int) -> None:
        """Raises TooMany where a source would pass ``most`` rows in this minute; a first batch always passes."""
        minute = int(time.time()) // 60
        with self._lock:
            then, so_far = self._rows.get(source, (minute, 0))
            so_far = so_far if then == minute else 0
            if so_far and so_far + rows > most:
                raise TooMany(
                    "meter.push_too_fast",
                    Text(f"此来源每分钟最多 {most} 行。", f"This source may send {most} rows a minute."),
                    remedy=Text("请稍后重发。", "Send it again later."),
                )
            self._rows[source] = (minute, so_far + rows)


def bearer(header: str) -> str:
    """The token of an Authorization header. Raises Unknown."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("bearer", "token") or not token.strip():
        raise unknown()
    return token.strip()


def unknown() -> Unknown:
    """No source has this token."""
    return Unknown(
        "meter.push_token",
        Text("令牌缺失、无效或已被撤销。", "The token is missing, wrong or revoked."),
        remedy=Text(
            "请在网关页生成新令牌，并以 Authorization: Bearer 发送。",
            "Make a new one on the page of gateways and send it as Authorization: Bearer.",
        ),
    )


def switched_off() -> Forbidden:
    """The source is disabled."""
    return Forbidden(
        "meter.push_disabled",
        Text("此来源已停用。", "This source is switched off."),
        remedy=Text("请在网关页启用。", "Switch it on, on the page of gateways."),
    )
