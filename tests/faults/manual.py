"""What the manual says, so that the tests do the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[2]

TEXT = "\n".join(
    page.read_text(encoding="utf-8") for page in [_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
)


def python_files(title: str) -> Iterator[tuple[str, str]]:
    """Yield the files that the sections of a title show, each with its name and its code."""
    # Comments in code begin with one "#", and so do the titles of pages.
    sections = re.findall(rf"^##+ {re.escape(title)}\n(.*?)^##", TEXT, re.DOTALL | re.MULTILINE)
    files = re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```", "".join(sections), re.DOTALL | re.MULTILINE)
    assert files, title
    yield from files
