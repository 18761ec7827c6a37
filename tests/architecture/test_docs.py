"""The documents hold together: every relative link leads somewhere, every decision is numbered once and listed."""

import re
from pathlib import Path

import pytest
import tree

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MARKDOWN = [path for path in tree.files() if path.suffix == ".md"]


def links(text: str) -> list[str]:
    """Targets of the relative links of a Markdown text, without their anchors."""
    targets = (match.group(1) for match in _LINK.finditer(_FENCE.sub("", text)))
    return [t.partition("#")[0] for t in targets if not re.match(r"[a-z]+:|#", t)]


@pytest.mark.parametrize("path", MARKDOWN, ids=str)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    here = tree.ROOT / path.parent
    dead = [t for t in links((tree.ROOT / path).read_text(encoding="utf-8")) if not (here / t).exists()]
    assert not dead, f"{path}: dead links {dead}"


def test_links_are_found() -> None:
    text = "[a](b.md#c) ![d](e/f.png) [g](https://h) [i](#j)\n```\n[k](l.md)\n```\n"
    assert links(text) == ["b.md", "e/f.png"]


def test_decisions_are_numbered_once() -> None:
    names = [path.name for path in MARKDOWN if path.parts[:2] == ("docs", "decisions") and path.name != "README.md"]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names), names
    numbers = [name[:4] for name in names]
    assert len(numbers) == len(set(numbers)), f"two decisions share a number: {sorted(names)}"
