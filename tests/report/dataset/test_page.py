"""The page of a data set as a whole: self-contained, complete, and safe whatever is in the data."""

import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from counterpoint.data import Dataset
from counterpoint.errors import UserError
from counterpoint.report import write_dataset_page

Make = Callable[..., Dataset]
Page = Callable[..., str]
KINDS = ("acc", "image", "labs", "speech", "words")
VOID = {"meta", "img"}
ALLOWED = ("#", "data:image/png;base64,", "data:audio/wav;base64,")


class Outline(HTMLParser):
    """Checks that elements are closed in order, and gathers ids, attributes and visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        self.ids += [value or "" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)
    assert found, f"no section {name}"
    return found[1]


def told(page: str, name: str) -> str:
    """The text of a section, its spaces made one."""
    return " ".join(Outline(section(page, name)).text.split())


def test_the_page_asks_for_nothing_outside(whole: str) -> None:
    outline = Outline(whole)
    assert not {"link", "iframe", "object", "embed", "base"} & set(outline.seen)
    assert outline.seen.count("script") == 1
    for tag, key, value in outline.attributes:
        if key in ("src", "href", "srcset", "action", "data"):
            assert value.startswith(ALLOWED), (tag, key, value[:80])
        assert not key.startswith("on")
    assert not re.search(r"@import|url\((?!['\"]?#)", whole)
    assert "default-src 'none'" in whole


def test_every_kind_has_its_section_in_order(whole: str) -> None:
    outline = Outline(whole)
    wanted = ["data", "rows", *(f"modality-{name}" for name in KINDS), "population", "again"]
    assert [i for i in outline.ids if i in wanted] == wanted
    links = [value[1:] for tag, key, value in outline.attributes if (tag, key) == ("a", "href")]
    assert links == wanted
    assert len(set(outline.ids)) == len(outline.ids)


def test_every_picture_has_words(whole: str) -> None:
    outline = Outline(whole)
    labels = [value for tag, key, value in outline.attributes if (tag, key) == ("svg", "aria-label")]
    alts = [value for tag, key, value in outline.attributes if (tag, key) == ("img", "alt")]
    assert outline.seen.count("svg") == len(labels)
    assert outline.seen.count("img") == len(alts) == 9
    assert all(len(label) > 20 for label in labels)
    assert alts[0].startswith("image of sample 1: low")
    assert outline.seen.count("audio") == 9


def test_equal_data_gives_an_equal_page(dataset: Make, page: Page) -> None:
    some = dataset("acc", "image", "words")
    assert page(some) == page(some)


def test_the_card_and_the_command(whole: str) -> None:
    assert "A made-up data set" in Outline(whole).text
    assert "licencenone" in told(whole, "data").replace(" ", "")
    command = "counterpoint data show made-up --partition dirichlet:1.0 --clients 2 --missing client:0.3 --seed 1"
    assert command in told(whole, "again")


def test_who_holds_what(whole: str) -> None:
    people = told(whole, "population")
    assert "Labels" in people and "Modalities" in people and "Which modalities rows have" in people
    outline = Outline(whole)
    labels = [value for tag, key, value in outline.attributes if (tag, key) == ("svg", "aria-label")]
    (heat,) = [label for label in labels if "by modality" in label]
    assert heat.startswith("Training rows of 2 clients by modality, a heat map. Clients that have any: acc ")
    assert "Dealt out" in outline.text and "missing30.0%" in "".join(outline.text.split())


def test_without_clients(dataset: Make, tmp_path: Path) -> None:
    path = write_dataset_page(tmp_path / "p.html", dataset("words", owners=1), why="it has no natural clients.")
    text = path.read_text(encoding="utf-8")
    assert "it has no natural clients." in told(text, "population")
    assert "not dealt out" in Outline(text).text
    assert "nobody owns rows by nature" in told(text, "rows")


NASTY = "<script>alert('x')</script> & \"q\" $\\frac{$ \x07"


def test_whatever_is_in_the_data_is_escaped(dataset: Make, page: Page) -> None:
    text = page(dataset("acc", "image", "labs", "words", classes=(NASTY, "b", "c"), owner=NASTY, words="<script>a"))
    assert Outline(text).seen.count("script") == text.count("<script") == 1
    assert "<b>urea" not in text
    assert "“<script>a " in told(text, "modality-words")
    assert "alert('x')" in told(text, "modality-image")


def test_it_stays_small(whole: str) -> None:
    assert len(whole) < 700_000


def test_many_classes_are_thinned(dataset: Make, page: Page) -> None:
    text = page(dataset("words", "image", classes=tuple(f"class {n}" for n in range(30))))
    assert section(text, "modality-image").count("<img") == 40
    assert "Rows of 30 classes by side" in section(text, "rows")
    assert "samples below of 20 classes, drawn by chance" in told(text, "rows").replace("below", "below ").replace(
        "  ", " "
    )


def test_it_cannot_be_written(dataset: Make, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "page.html"
    with pytest.raises(UserError, match=f"cannot write {re.escape(str(path))}: No such file or directory"):
        write_dataset_page(path, dataset("labs"))


@pytest.mark.parametrize("extra", ["matplotlib", "jinja2", "PIL"])
def test_a_missing_extra_is_named(dataset: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    for name in [n for n in sys.modules if n.startswith(("counterpoint.report.d", "counterpoint.report.page", extra))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, extra, None)
    with pytest.raises(UserError) as complaint:
        write_dataset_page(tmp_path / "page.html", dataset("image"))
    assert str(complaint.value) == f"the page of a data set needs {extra}: pip install 'counterpoint[report]'"


def test_rows_without_labels_and_rows_set_aside(dataset: Make, page: Page) -> None:
    text = page(dataset("words", "labs"), labels="rate:0.5", proxy=0.2)
    people, cards = told(text, "population"), " ".join(Outline(text).text.split())
    assert "for training without labels" in people and "without labels that everyone holds" in people
    assert "training rows lack labels" in cards and "rows that everyone holds" in cards
    assert "labelsrate:0.5 proxy0.2" in cards


def test_nobody_but_the_server_has_labels(dataset: Make, page: Page) -> None:
    text = page(dataset("words", "labs"), labels="server")
    people = told(text, "population")
    assert "0 for training, " in people and "with labels that the server alone holds" in people
    assert "Labels" not in people and "Modalities" in people
