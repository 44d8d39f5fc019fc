"""The page of a data set in a real browser."""

from pathlib import Path

import pytest

from ..browser import BROWSER
from ..test_browser import visit


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_the_browser_has_nothing_to_complain_of(whole: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(whole, encoding="utf-8")
    document, complaints, asked = visit(page, tmp_path)
    assert complaints == []
    assert [url[:30] for url in asked if not url.startswith("data:")] == []
    for tag in ("<svg", "<img", "<audio"):
        assert document.count(tag) == whole.count(tag) > 0
