"""The stepwise picture in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterpoint.report import write_report
from counterpoint.report.record import read_record
from counterpoint.report.sections.network import network
from counterpoint.runs.folder import RunFolder

from .browser import BROWSER, Browser
from .peers import folder_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]

CLASSES = "[...document.querySelectorAll('.net .peer[data-n]')].map(p => p.getAttribute('class'))"
PICTURE = (
    "JSON.stringify([[...document.querySelectorAll('.net .links')].map(l => l.getAttribute('d')),"
    " [...document.querySelectorAll('.net .peer[data-n]')].map(p => [p.getAttribute('class'), p.textContent,"
    " p.querySelector('.left')?.getAttribute('class')]), document.querySelector('.now').textContent])"
)
LEFT = "document.querySelectorAll('.net .peer[data-n] .left')"
RINGS = f"[...{LEFT}].map(r => parseFloat(r.getAttribute('stroke-dasharray')))"
GO = "(s => { s.value = %d; s.dispatchEvent(new Event('input')); })(document.querySelector('.stepper input'))"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "browser") as browser:
        yield browser


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Ten rounds, in which links change and batteries run low."""
    return folder_of(tmp_path / "run", rounds=10, peers=6, again=5)


def test_the_script_draws_the_last_round_as_the_page_does(browser: Browser, folder: RunFolder) -> None:
    browser.visit(write_report(folder))
    before, rings = browser.value(PICTURE), browser.value(RINGS)
    browser.value(GO % 0)
    first = browser.value(PICTURE)
    assert first != before
    assert min(browser.value(RINGS)) > max(rings), "batteries were fuller"
    assert json.loads(first)[2].startswith("Round 1: ")
    browser.value(GO % 9)
    assert browser.value(PICTURE) == before
    assert browser.value(RINGS) == pytest.approx(rings, abs=0.11)
    assert browser.complaints == [] and browser.asked == []


def test_every_round_is_what_was_recorded(browser: Browser, folder: RunFolder) -> None:
    (plot,) = network(read_record(folder)).plots
    assert plot.steps is not None
    told = json.loads(plot.steps.data)
    browser.visit(write_report(folder))
    for number in (0, 3, 4, 8):
        browser.value(GO % number)
        silent = [n for n, kind in enumerate(browser.value(CLASSES)) if kind.endswith(" silent")]
        assert silent == told["moments"][number]["silent"]
        lines, _, now = json.loads(browser.value(PICTURE))
        assert sum(line.count("M") for line in lines) == len(told["edges"][told["moments"][number]["edges"]]) / 2
        assert now == told["moments"][number]["told"]
    assert any(moment["silent"] for moment in told["moments"]), "else this says nothing"


def test_the_button_plays_from_the_start_and_stops_at_the_end(browser: Browser, folder: RunFolder) -> None:
    browser.visit(write_report(folder))
    button = "document.querySelector('.stepper button')"
    browser.value("window.setInterval = (f) => { window.tick = f; return 1; }")
    browser.value(f"{button}.click()")
    assert browser.value(f"{button}.textContent") == "Pause"
    assert browser.value("document.querySelector('.now').textContent").startswith("Round 1: ")
    for _ in range(9):
        browser.value("window.tick()")
    assert browser.value("document.querySelector('.now').textContent").startswith("Round 10: ")
    assert browser.value(f"{button}.textContent") == "Play"


@pytest.mark.parametrize("width", [360, 1300])
def test_the_page_is_no_wider_than_the_screen(browser: Browser, folder: RunFolder, width: int) -> None:
    page = write_report(folder)
    browser.look(width, phone=width < 500)
    browser.visit(page)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("document.querySelector('.net').getBoundingClientRect().width") > min(width, 480) * 0.75


def test_without_scripts_the_last_round_is_shown(browser: Browser, folder: RunFolder) -> None:
    browser.tell("Emulation.setScriptExecutionDisabled", value=True)
    browser.visit(write_report(folder))
    assert browser.value("getComputedStyle(document.querySelector('.stepper')).display") == "none"
    assert browser.value("document.querySelector('.now').textContent").startswith("Round 10: ")
