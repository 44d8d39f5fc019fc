"""`data show`: the card alone, and the page."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.data import sources

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def cached() -> None:
    sources.get("watch")


def test_the_card_alone_writes_nothing(call: Call, tmp_path: Path) -> None:
    status, out, err = call("data", "show", "watch")
    assert (status, err) == (0, "")
    assert out.startswith(sources.card("watch").title[:60])
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_any_option_writes_the_page_too(call: Call, tmp_path: Path) -> None:
    card = call("data", "show", "watch").out
    status, out, err = call("data", "show", "watch", "--partition", "dirichlet:0.5", "--missing", "client:0.3")
    assert (status, err) == (0, "")
    assert out == f"{card}\ndata-watch.html\n"
    text = (tmp_path / "data-watch.html").read_text(encoding="utf-8")
    assert "counterpoint data show watch --partition dirichlet:0.5 --missing client:0.3 --out FILE.html" in text
    assert "asked: client:0.3" in text and "subject 3" in text
    assert len(text) < 1_500_000


@pytest.mark.slow
def test_out_says_where(call: Call, tmp_path: Path) -> None:
    status, out, _ = call("data", "show", "watch", "--out", "a page.html")
    assert status == 0
    assert out.splitlines()[-1] == "a page.html"
    assert "natural" in (tmp_path / "a page.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["a page.html"]


def test_a_folder_of_ones_own_without_natural_clients(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    lines = [f"{'ab'[n % 2]},{n // 4},{n},{n * n % 7},note {n}" for n in range(60)]
    (folder / "data.csv").write_text("\n".join(["label,client,size.width,size.height,note", *lines]))
    status, card, err = call("data", "show", "./mine")
    assert (status, err) == (0, "") and "size: table, 2 columns" in card
    status, out, err = call("data", "show", "./mine", "--out", "mine.html")
    assert (status, err, out) == (0, "", f"{card}\nmine.html\n")
    text = (tmp_path / "mine.html").read_text(encoding="utf-8")
    assert "not dealt out" in text and "has no natural client" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wach", "--out", "a.html"], "unknown data set 'wach': did you mean 'watch'"),
        (["wach"], "unknown data set 'wach': did you mean 'watch'"),
        (["watch", "--partition", "dirichlet"], "dirichlet:"),
        (["watch", "--clients", "700"], "700"),
        (["watch", "--missing", "client:2"], "client"),
        (["watch", "--out", "nowhere/a.html"], "cannot write nowhere/a.html: there is no folder nowhere"),
    ],
)
def test_mistakes(call: Call, tmp_path: Path, arguments: list[str], words: str) -> None:
    status, out, err = call("data", "show", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ") and words in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_missing_extra_is_named(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [
        n for n in sys.modules if n.startswith(("counterpoint.report.d", "counterpoint.report.page", "matpl"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, _, err = call("data", "show", "watch", "--seed", "1")
    assert status == 2
    assert err == "error: the page of a data set needs matplotlib: pip install 'counterpoint[report]'\n"
    assert not list(tmp_path.iterdir())
