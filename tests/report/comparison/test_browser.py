"""The page of a comparison in a real browser."""

from pathlib import Path

import pytest

from counterpoint.report import write_comparison

from ..browser import BROWSER, Browser
from ..test_browser import visit
from .conftest import Compared

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]

METHODS = [
    "local",
    "fedavg",
    "centralized[train.lr=0.03,train.weight_decay=0.003]",
    *(f"fedprox[mu={n}]" for n in (1, 2)),
]


def test_the_browser_has_nothing_to_complain_of(compared: Compared, tmp_path: Path) -> None:
    page = write_comparison(compared(seeds=2))
    document, complaints, asked = visit(page, tmp_path)
    assert complaints == []
    assert asked == []
    assert document.count("<svg") == page.read_text(encoding="utf-8").count("<svg")
    assert document.count("<button") > 20


def test_its_tables_are_sorted(compared: Compared, tmp_path: Path) -> None:
    page = write_comparison(compared(data=["watch"], seeds=2, lift=0.05))
    first = "document.querySelector('#scores tbody tr td').textContent"
    with Browser(tmp_path) as browser:
        browser.visit(page)
        assert browser.value(first) == "local"
        browser.value("document.querySelectorAll('#scores th button')[1].click()")
        assert browser.value(first) == "centralized"
        assert (browser.complaints, browser.asked) == ([], [])


@pytest.mark.parametrize("width", [320, 390, 1400])
def test_nothing_is_wider_than_the_screen(compared: Compared, tmp_path: Path, width: int) -> None:
    page = write_comparison(compared(METHODS, seeds=2))
    with Browser(tmp_path) as browser:
        browser.look(width, phone=width < 500)
        browser.visit(page)
        browser.value("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert browser.value("document.documentElement.scrollWidth") <= width


def test_dark_where_the_reader_likes_it(compared: Compared, tmp_path: Path) -> None:
    page = write_comparison(compared(data=["watch"], seeds=1))
    ground, line = (
        "getComputedStyle(document.body).backgroundColor",
        "document.querySelector('#rounds svg [style*=series]')",
    )
    seen = []
    with Browser(tmp_path) as browser:
        for dark in (False, True):
            browser.look(1400, dark=dark)
            browser.visit(page)
            seen.append((browser.value(ground), browser.value(f"getComputedStyle({line}).stroke")))
    assert seen[0][0] == "rgb(244, 246, 249)" and seen[1][0] == "rgb(16, 21, 29)"
    assert seen[0][1] != seen[1][1], "lines are lighter where the page is dark"
