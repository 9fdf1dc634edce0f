"""Crawl the site as a role and look for values that no page may show in clear.

    texts = crawl(client, ["/", "/place/…/"])
    assert leaks(texts, {"张伟", "13800000000"}) == []

A room adds its values to a person of its world and its addresses to the start; the reveal page shows values only
as the answer to a POST, so that no GET may hold one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.test import Client

LINK = re.compile(r'(?:href|action|src)="(/[^"#]*)')
SKIPPED = ("/static/", "/logout/", "/language/")
MOST_PAGES = 2000
MOST_QUERIES = 4


def crawl(client: Client, start: Iterable[str]) -> dict[str, str]:
    """Text by address of every page and export that links lead to from the start, as this client is answered.

    A link with another query is another page, but only the first few of one path are read.
    """
    waiting = list(start)
    texts: dict[str, str] = {}
    queries: dict[str, int] = {}
    while waiting:
        address = waiting.pop(0).replace("&amp;", "&")
        path = address.partition("?")[0]
        if address in texts or path.startswith(SKIPPED) or queries.get(path, 0) >= MOST_QUERIES:
            continue
        assert len(texts) < MOST_PAGES, "the crawl does not end"
        queries[path] = queries.get(path, 0) + 1
        response = client.get(address)
        texts[address] = body = _body(response)
        waiting += LINK.findall(body)
        if target := response.headers.get("Location", ""):
            waiting.append(target)
    return texts


def _body(response: Any) -> str:
    content = b"".join(response) if getattr(response, "streaming", False) else response.content
    return bytes(content).decode("utf-8", "replace")


def leaks(texts: dict[str, str], values: Iterable[str]) -> list[str]:
    """Addresses whose text holds one of the values, with the value."""
    wanted = list(values)
    return sorted(
        f"{address}: {value}" for address, text in texts.items() for value in wanted if value in text
    )
