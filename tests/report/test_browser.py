"""The page in a real browser."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from counterpoint.report import write_report
from counterpoint.runs.folder import RunFolder

from .browser import BROWSER, QUIET

FLAGS = (*QUIET, "--enable-logging=stderr", "--v=0", "--dump-dom")


def visit(page: Path, scratch: Path) -> tuple[str, list[str], list[str]]:
    """What the browser makes of a page: its document, what it complains of, and where the page wanted to go."""
    assert BROWSER is not None
    log = scratch / "net.json"
    flags = [*FLAGS, f"--user-data-dir={scratch / 'browser'}", f"--log-net-log={log}"]
    ran = subprocess.run([BROWSER, *flags, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    complaints = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    sent = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    asked = [p["url"] for p in sent if "url" in p and str(p.get("initiator")).startswith(("file:", "null"))]
    return ran.stdout, complaints, asked


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_the_browser_has_nothing_to_complain_of(make: Callable[..., RunFolder], tmp_path: Path) -> None:
    page = write_report(make())
    document, complaints, asked = visit(page, tmp_path)
    assert complaints == []
    assert asked == []
    assert document.count("<svg") == page.read_text(encoding="utf-8").count("<svg")
    assert "fedavg on made up" in document


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_page_that_is_not_self_contained_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<!doctype html><img src="http://example.invalid/a.png"><script>console.error("hm")</script>')
    _, complaints, asked = visit(page, tmp_path)
    assert any("hm" in line for line in complaints)
    assert asked[0] == "http://example.invalid/a.png"
