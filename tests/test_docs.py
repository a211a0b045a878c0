"""The docs say what the code does."""

import re
from pathlib import Path

import pytest

from loyalty.kernel.errors import Code

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
    def test_lead_somewhere(self, page):
        missing = [
            link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()
        ]

        assert missing == []


class TestErrorTable:
    def test_lists_every_code_with_its_status(self):
        text = (ROOT / "docs/developers/index.md").read_text(encoding="utf-8")
        rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", text, re.MULTILINE))

        assert rows == {code.value: str(code.status) for code in Code}
