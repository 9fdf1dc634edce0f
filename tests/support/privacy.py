"""Crawl the site as a role and look for values that no page may show in clear.

    texts = crawl(client, ["/", "/place/…/"])
    assert leaks(texts, {"张伟", "13800000000"}) == []

A room adds its values to a person of its world and its addresses to the start; the reveal page shows values only
as the answer to a POST, so that no GET may hold one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.test import Client
from django.urls import Resolver404, resolve

LINK = re.compile(r'(?:href|action|src)="(/[^"#]*)')
SKIPPED = ("/static/", "/logout/", "/language/")
MOST_PAGES = 2000
MOST_OF_A_PAGE = 6


def crawl(client: Client, start: Iterable[str]) -> dict[str, str]:
    """Text by address of every page and export that links lead to from the start, as this client is answered.

    Of one kind of page at one place only the first few are read, with other numbers or other queries.
    """
    waiting = list(start)
    texts: dict[str, str] = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    while waiting:
        address = waiting.pop(0).replace("&amp;", "&")
        path = address.partition("?")[0]
        page = _page(path)
        if address in texts or path.startswith(SKIPPED) or seen[page] >= MOST_OF_A_PAGE:
            continue
        assert len(texts) < MOST_PAGES, "the crawl does not end"
        seen[page] += 1
        response = client.get(address)
        texts[address] = body = _body(response)
        waiting += LINK.findall(body)
        if target := response.headers.get("Location", ""):
            waiting.append(target)
    return texts


def _page(path: str) -> tuple[Any, ...]:
    """The kind of page and its place."""
    try:
        match = resolve(path)
    except Resolver404:
        return (path,)
    return match.view_name, match.kwargs.get("slug")


def _body(response: Any) -> str:
    content = b"".join(response) if getattr(response, "streaming", False) else response.content
    return bytes(content).decode("utf-8", "replace")


def leaks(texts: dict[str, str], values: Iterable[str]) -> list[str]:
    """Addresses whose text holds one of the values, with the value."""
    wanted = list(values)
    return sorted(
        f"{address}: {value}" for address, text in texts.items() for value in wanted if value in text
    )
