"""Tables that are sorted in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterpoint.report import units, write_report
from counterpoint.report.page import fill
from counterpoint.report.parts import Marked, Section, Table
from counterpoint.runs import RunFolder

from .browser import BROWSER, Browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]

HEADS = "document.querySelectorAll('table')[0].tHead.rows[0].cells"
ROWS = "[...document.querySelectorAll('table')[0].tBodies[0].rows].map(row => row.cells[%d].textContent.trim())"
ROUND = ["10", "2", "1", "30"]
BYTES = ["2 MB", "900 kB", "–", "10 MB"]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "browser") as browser:
        yield browser


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """One table of every kind of column, and one of a single row."""
    scores = [Marked(f"{100 * v:.1f}% ± 1.0", v, mark) for v, mark in ((0.5, ""), (0.25, "best"), (0.125, ""), (1, ""))]
    sizes = [units.size(2e6), units.size(9e5), units.UNKNOWN, units.size(1e7)]
    names = ["client 10", "Client 9", "älter", "zeta"]
    rows = list(zip(names, ROUND, sizes, scores, strict=True))
    table = Table(["name", "round", "bytes", "score"], rows, sums=["all", "", "12.9 MB", ""])
    empty = {"title": "t", "name": "n", "lead": "", "state": "", "facts": [], "groups": [], "made": "", "reading": ""}
    text = fill({**empty, "sections": [Section("a", "A", tables=[table, Table(["one"], [["x"]])])]})
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    return path


def click(browser: Browser, column: int) -> None:
    browser.value(f"{HEADS}[{column}].querySelector('button').click()")


def order(browser: Browser, column: int) -> object:
    return browser.value(f"{HEADS}[{column}].getAttribute('aria-sort')")


def test_numbers_by_value_words_by_locale(browser: Browser, page: Path) -> None:
    browser.visit(page)
    click(browser, 2)
    assert (order(browser, 2), browser.value(ROWS % 2)) == ("descending", ["10 MB", "2 MB", "900 kB", "–"])
    click(browser, 2)
    assert (order(browser, 2), browser.value(ROWS % 2)) == ("ascending", ["900 kB", "2 MB", "10 MB", "–"])
    click(browser, 1)
    assert (order(browser, 2), order(browser, 1), browser.value(ROWS % 1)) == (
        None,
        "descending",
        ["30", "10", "2", "1"],
    )
    click(browser, 3)
    assert browser.value(ROWS % 3) == ["100.0% ± 1.0", "50.0% ± 1.0", "best 25.0% ± 1.0", "12.5% ± 1.0"]
    click(browser, 0)
    assert (order(browser, 0), browser.value(ROWS % 0)) == ("ascending", ["älter", "Client 9", "client 10", "zeta"])
    assert browser.value("document.querySelector('tfoot').textContent.trim().startsWith('all')")
    assert browser.complaints == []


def test_pressed_a_third_time_the_table_is_as_it_was(browser: Browser, page: Path) -> None:
    browser.visit(page)
    for _ in range(3):
        click(browser, 1)
    assert (order(browser, 1), browser.value(ROWS % 1)) == (None, ROUND)


def test_by_keyboard(browser: Browser, page: Path) -> None:
    browser.visit(page)
    for _ in range(20):
        browser.press("Tab")
        if browser.value("document.activeElement.textContent") == "bytes":
            break
    assert browser.value("document.activeElement.tagName") == "BUTTON"
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Enter")
    assert (order(browser, 2), browser.value(ROWS % 2)) == ("descending", ["10 MB", "2 MB", "900 kB", "–"])
    browser.press(" ")
    assert (order(browser, 2), browser.value(ROWS % 2)) == ("ascending", ["900 kB", "2 MB", "10 MB", "–"])


def test_without_scripts_the_table_stays_as_it_is(browser: Browser, page: Path) -> None:
    browser.tell("Emulation.setScriptExecutionDisabled", value=True)
    browser.visit(page)
    assert browser.value(ROWS % 2) == BYTES
    assert browser.value("document.querySelectorAll('button').length") == 0


def test_what_cannot_be_sorted_has_no_buttons(browser: Browser, page: Path) -> None:
    browser.visit(page)
    assert browser.value("document.querySelectorAll('table')[1].querySelectorAll('button').length") == 0


def test_no_other_script_runs(browser: Browser, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</main>", "<script>document.title = 'taken'</script></main>"), encoding="utf-8")
    browser.visit(page)
    assert browser.value("document.title") == "t: Counterpoint"
    assert any("Content Security Policy" in line for line in browser.complaints)


def test_a_changed_script_does_not_run(browser: Browser, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace('"use strict";', '"use strict"; document.title = "taken";'), encoding="utf-8")
    browser.visit(page)
    assert browser.value("document.querySelectorAll('button').length") == 0
    assert browser.complaints


def test_every_table_of_a_run_can_be_sorted(browser: Browser, make: Callable[..., RunFolder]) -> None:
    browser.visit(write_report(make()))
    several = "[...document.querySelectorAll('table')].filter(t => t.tBodies[0].rows.length > 1)"
    assert browser.value(f"{several}.length") > 10
    pressed = f"{several}.forEach(t => t.querySelectorAll('th button').forEach(b => {{ b.click(); b.click() }}))"
    browser.value(pressed)
    assert browser.value(f"{several}.every(t => t.querySelectorAll('th[aria-sort]').length === 1)")
    assert (browser.complaints, browser.asked) == ([], [])
