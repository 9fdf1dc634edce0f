"""Typed errors that tell a person what is wrong, where, and how to mend it, in Chinese and English."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class Text(NamedTuple):
    """A sentence in both interface languages; pure modules use it where gettext is out of reach."""

    zh: str
    en: str

    def pick(self, language: str | None) -> str:
        """The sentence for a language tag such as ``zh-hans`` or ``en-gb`` (Chinese by default)."""
        return self.en if (language or "zh").lower().startswith("en") else self.zh

    def format(self, **values: object) -> Text:
        return Text(self.zh.format(**values), self.en.format(**values))


@dataclass(frozen=True)
class Where:
    """A place in the input. ``row`` is 1-based, as the user sees it in a spreadsheet."""

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def text(self) -> Text:
        parts = [
            (self.file, "文件 {}", "file {}"),
            (self.sheet, "工作表 {}", "sheet {}"),
            (self.row, "第 {} 行", "row {}"),
            (self.column, "列「{}」", "column “{}”"),
            (self.value, "值「{}」", "value “{}”"),
        ]
        known = [(zh.format(v), en.format(v)) for v, zh, en in parts if v is not None]
        return Text("，".join(zh for zh, _ in known), ", ".join(en for _, en in known))


class TanlinError(Exception):
    """Base of all domain errors.

    Args:
        code: dotted and stable, ``room.reason``.
        text: what is wrong. remedy: how to mend it. where: the place in the input.
    """

    http_status = 400
    exit_code = 2

    def __init__(
        self,
        code: str,
        text: Text,
        *,
        remedy: Text | None = None,
        where: Where | None = None,
    ) -> None:
        self.code, self.text, self.remedy, self.where = code, text, remedy, where
        super().__init__(code)

    def message(self, language: str | None = None) -> str:
        """One paragraph in one language: place, message, remedy."""
        place = self.where.text().pick(language) if self.where else ""
        parts = [
            place,
            self.text.pick(language),
            self.remedy.pick(language) if self.remedy else "",
        ]
        separator = " " if (language or "zh").startswith("en") else ""
        ends = ": " if separator else "："
        head = place + ends if place else ""
        return head + separator.join(p for p in parts[1:] if p)

    def __str__(self) -> str:
        return f"{self.message('zh')}\n{self.message('en')}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape of API answers and stored reports."""
        return {
            "code": self.code,
            "message": self.text._asdict(),
            "remedy": self.remedy._asdict() if self.remedy else None,
            "where": {k: v for k, v in asdict(self.where).items() if v is not None} if self.where else None,
        }


class BadInput(TanlinError):
    """The input is wrong and nothing was stored."""


class NotFound(TanlinError):
    """Unknown, or not readable by the asker: the two look alike on purpose."""

    http_status = 404

    def __init__(self, code: str = "kernel.not_found", text: Text | None = None, **kwargs: Any) -> None:
        super().__init__(
            code,
            text or Text("没有找到，或您无权查看。", "Not found, or not yours to see."),
            **kwargs,
        )


class Forbidden(TanlinError):
    """Readable by the asker, but this act needs another right."""

    http_status = 403

    def __init__(self, code: str = "kernel.forbidden", text: Text | None = None, **kwargs: Any) -> None:
        super().__init__(
            code,
            text or Text("您没有进行此操作的权限。", "You lack the right to do this."),
            **kwargs,
        )


class Conflict(TanlinError):
    """The state changed meanwhile, or the act does not fit the present state."""

    http_status = 409


class Refused(TanlinError):
    """A figure that the data cannot carry."""

    http_status = 422
