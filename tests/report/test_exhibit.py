"""Pictures of an alignment: searches and maps."""

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from counterpoint.data.text import spell
from counterpoint.report import write_report
from counterpoint.report.draw.places import frequent
from counterpoint.report.draw.spark import spark
from counterpoint.report.record import read_record
from counterpoint.report.sections.exhibit import exhibit
from counterpoint.runs.checkpoint import save_checkpoint
from counterpoint.runs.folder import RunFolder

Make = Callable[..., RunFolder]
WORDS = ["sun", "moon & stars", "a <b>house</b>", "tree", "sea"]
KINDS = {"image": {"kind": "image", "shape": [3, 4, 4]}, "text": {"kind": "text", "shape": [24]}}


def kept(*, before: bool = True) -> dict[str, Any]:
    """Six points of three classes, and one search each way: the second of five is right."""
    after = {"image": torch.eye(6)[:, :4] + 0.1, "text": torch.eye(6)[:, :4] - 0.1}
    search = {
        "query": torch.tensor([1]),
        "found": torch.tensor([[0, 1, 2, 3, 4]]),
        "right": torch.tensor([[False, True, False, False, False]]),
        "cosine": torch.tensor([[0.75, 0.5, 0.25, 0.125, -0.5]], dtype=torch.float64),
        "rank": torch.tensor([2.0], dtype=torch.float64),
    }
    return {
        **({"before": {m: z.flip(0) + 0.3 for m, z in after.items()}} if before else {}),
        "after": after,
        "label": torch.tensor([0, 0, 0, 1, 1, 2]),
        "searches": {"image>text": search, "text>image": search},
        "samples": {
            "x": {
                "image": torch.linspace(0, 1, 5)[:, None, None, None].expand(5, 3, 4, 4).half().contiguous(),
                "text": spell(WORDS, 24).half(),
            },
            "label": torch.tensor([0, 1, 2, 0, 0]),
        },
    }


@pytest.fixture
def folder(make: Make) -> Callable[..., RunFolder]:
    def made(state: dict[str, Any] | None = None, kinds: dict[str, Any] = KINDS) -> RunFolder:
        found = make("fedaid")
        told = found.read_json(found.population)
        found.write_json(found.population, {**told, "modalities": kinds})
        save_checkpoint(found.exhibit, kept() if state is None else state)
        return found

    return made


def test_searches_show_pictures_and_texts_and_who_is_right(folder: Callable[..., RunFolder]) -> None:
    section = exhibit(read_record(folder()))
    texts, images = section.searches
    assert (texts.title, images.title) == ("image → text", "text → image")
    assert texts.caption.startswith("1 of 1 have a right one among them.")
    ((query, answers),) = texts.rows
    assert query.src.startswith("data:image/png;base64,") and query.right is None
    assert (query.label, query.note) == ("run", "rank 2, sought “moon & stars”")
    assert [a.words for a in answers] == WORDS
    assert [a.right for a in answers] == [False, True, False, False, False]
    assert [a.note for a in answers] == ["0.75", "0.50", "0.25", "0.12", "-0.50"]
    ((query, answers),) = images.rows
    assert (query.words, query.note) == ("moon & stars", "rank 2")
    assert len({a.src for a in answers}) == 5


def test_the_page_marks_right_and_wrong_by_signs_and_words(folder: Callable[..., RunFolder]) -> None:
    page = write_report(folder()).read_text(encoding="utf-8")
    assert page.count('<figure class="right">') == page.count("<b>✓ right</b>") == 2
    assert page.count('<figure class="wrong">') == page.count("<b>✗ wrong</b>") == 8
    assert "a &lt;b&gt;house&lt;/b&gt;" in page and "<b>house</b>" not in page


def test_both_maps_have_one_plane_and_one_scale(folder: Callable[..., RunFolder]) -> None:
    before, after = exhibit(read_record(folder())).plots
    assert (before.title, after.title) == ("Before the first round", "After the last round")
    assert "one plane and one scale for both maps" in before.caption
    labels = [svg.partition("first axis")[2][:24] for svg in (before.svg, after.svg)]
    assert labels[0] == labels[1]
    assert [list(row)[:2] for row in after.table.rows] == [["walk", "3"], ["run", "2"], ["sit", "1"]]
    assert list(after.table.head) == [
        "class",
        "samples",
        "image, first axis",
        "image, second axis",
        "text, first axis",
        "text, second axis",
    ]
    assert before.table.rows[0][2:] != after.table.rows[0][2:]


def test_without_the_first_part_there_is_one_map(folder: Callable[..., RunFolder]) -> None:
    (plot,) = exhibit(read_record(folder(kept(before=False)))).plots
    assert plot.title == "After the last round" and "both maps" not in plot.caption


def test_before_the_last_round_there_is_a_map_and_no_search(folder: Callable[..., RunFolder]) -> None:
    whole = kept()
    section = exhibit(read_record(folder({"before": whole["before"], "label": whole["label"]})))
    assert [plot.title for plot in section.plots] == ["Before the first round"]
    assert not section.searches and not section.lead


def test_signals_are_curves_and_of_a_table_the_class_is_said(folder: Callable[..., RunFolder]) -> None:
    kinds = {"image": {"kind": "sequence", "shape": [3, 4, 4]}, "text": {"kind": "table", "shape": [24]}}
    texts, _ = exhibit(read_record(folder(kinds=kinds))).searches
    ((query, answers),) = texts.rows
    assert query.src.startswith("data:image/svg+xml;base64,") and query.label == "run"
    assert [(a.src, a.words) for a in answers] == [("", "text")] * 5
    assert [a.label for a in answers] == ["walk", "run", "sit", "walk", "walk"]


def test_a_folder_without_it_has_no_section(make: Make) -> None:
    record = read_record(make("fedaid"))
    assert record.exhibit == {} and not exhibit(record)
    assert "What finds what" not in write_report(make("fedaid", name="b")).read_text(encoding="utf-8")


def test_the_most_frequent_classes_have_a_colour() -> None:
    labels = [c for n, c in enumerate("abcdefghi") for _ in range(n + 1)]
    assert frequent(labels) == ["i", "h", "g", "f", "e", "d", "c"]
    assert frequent(["b", "a"]) == ["a", "b"]


def test_a_curve_is_a_small_picture() -> None:
    def lines(values: list[list[float]]) -> list[str]:
        svg = base64.b64decode(spark(np.asarray(values)).partition(",")[2]).decode()
        return re.findall(r'points="([^"]+)"', svg)

    assert lines([[0, 1], [1, 0]]) == ["3.0,60.0 93.0,4.0", "3.0,4.0 93.0,60.0"]
    assert lines([[5, 5, 5]]) == ["3.0,60.0 48.0,60.0 93.0,60.0"], "nothing moves"
    assert len(lines([[0, 1]] * 7)) == 3
    (long,) = lines([[float(n % 2) for n in range(1920)]])
    assert len(long.split()) == 96 and len({point.partition(",")[2] for point in long.split()}) == 1, "means of pieces"
