"""Colours are read from the style sheet and their contrast is computed, in light, dark and print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "src" / "tanlin" / "web" / "static" / "tanlin"
TEMPLATES = Path(__file__).parents[2] / "src" / "tanlin"
SURFACES = ("canvas", "surface", "sunk")
PLAIN_TEXT = ("ink", "soft", "muted", "link", "accent")
TRUTH = ("verified", "claimed", "unknown", "act")
THINGS = (
    *("electricity", "gas", "heat", "cooling", "water", "waste", "fuel"),
    *("pv", "battery", "ev", "grid", "carbon", "baseline"),
)
# The fills that are fixed for every room (light).
FIXED = {
    "electricity": "#2f6fde",
    "gas": "#d97706",
    "heat": "#b83a26",
    "cooling": "#1494a6",
    "water": "#3b9ae1",
    "waste": "#8a6d3b",
    "pv": "#e3a008",
    "battery": "#6c5ce7",
    "ev": "#0f9d76",
    "grid": "#5b6770",
    "carbon": "#2d3748",
    "baseline": "#9aa5b1",
    "verified": "#1a7f5a",
    "claimed": "#b7791f",
    "unknown": "#6b7280",
    "act": "#c53030",
}


def themes() -> dict[str, dict[str, str]]:
    """The colour tokens of each theme, a later block over an earlier one as the browser does."""
    css = re.sub(r"/\*.*?\*/", "", (STATIC / "tokens.css").read_text("utf-8"), flags=re.S)

    def block(start: str) -> dict[str, str]:
        body = css.split(start, 1)[1].split("}", 1)[0]
        return dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))

    light = block(":root {")
    return {
        "light": light,
        "dark by system": light | block('  :root:not([data-bs-theme="light"]) {'),
        "dark by choice": light | block(':root[data-bs-theme="dark"] {'),
        "print": light | block("@media print {"),
    }


THEMES = themes()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_on_every_surface(theme: str) -> None:
    tokens = THEMES[theme]
    words = [*PLAIN_TEXT, *(f"{name}-text" for name in (*TRUTH, *THINGS))]
    pairs = {(word, s): contrast(tokens[word], tokens[s]) for word in words for s in SURFACES}
    assert {pair: ratio for pair, ratio in pairs.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_graphics_stand_out(theme: str) -> None:
    tokens = THEMES[theme]
    edges = ["edge", "focus", *(f"{name}-edge" for name in (*TRUTH, *THINGS))]
    pairs = {(edge, s): contrast(tokens[edge], tokens[s]) for edge in edges for s in ("canvas", "surface")}
    assert {pair: ratio for pair, ratio in pairs.items() if ratio < 3} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_filled_parts_carry_their_words(theme: str) -> None:
    tokens = THEMES[theme]
    assert contrast(tokens["on-accent"], tokens["accent"]) >= 4.5
    assert contrast(tokens["on-ribbon"], tokens["ribbon"]) >= 4.5


def test_every_colour_has_a_value_in_every_theme() -> None:
    css = (STATIC / "tokens.css").read_text("utf-8")
    colours = {name for name, value in THEMES["light"].items() if value.startswith("#")}
    assert colours >= {*SURFACES, *PLAIN_TEXT, *FIXED}
    assert {name: css.count(f"--{name}:") for name in colours} == dict.fromkeys(colours, 4)


def test_both_ways_to_dark_agree() -> None:
    assert THEMES["dark by system"] == THEMES["dark by choice"]


def test_fixed_colours() -> None:
    assert {name: THEMES["light"][name] for name in FIXED} == FIXED


def test_elder_mode_is_one_attribute() -> None:
    css = (STATIC / "tokens.css").read_text("utf-8")
    elder = css.split(':root[data-size="elder"] {', 1)[1].split("}", 1)[0]
    sizes = {name: int(value) for name, value in re.findall(r"--([\w-]+):\s*(\d+)px", elder)}
    assert min(v for name, v in sizes.items() if name.startswith("size")) >= 18
    assert sizes["target"] >= 60


def test_used_tokens_exist() -> None:
    used = set()
    for path in STATIC.glob("*"):
        text = path.read_text("utf-8")
        used |= set(re.findall(r"var\(--(?!tblr)([\w-]+)", text)) | set(
            re.findall(r'token\("([\w-]+)"\)', text)
        )
    assert used - set(THEMES["light"]) == set()


def test_no_gradient_and_one_shadow() -> None:
    css = (STATIC / "theme.css").read_text("utf-8")
    assert "gradient(" not in css
    shadows = set(re.findall(r"box-shadow:\s*([^;}]+)", css))
    assert shadows <= {"none", "var(--shadow)", "inset 3px 0 0 var(--accent)", "inset 0 2px 0 var(--accent)"}


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*/templates/**/*.html")), ids=lambda p: p.name)
def test_no_inline_style_or_script(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<[^>]*\s(style|on\w+)=", text)
    assert "<style" not in text
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag
    assert not re.search(r"""(src|href|action)=["']https?://""", text)
