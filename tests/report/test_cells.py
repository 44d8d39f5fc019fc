"""Cells of tables: what is shown, and what they are sorted by."""

import pytest

from counterpoint.report import units
from counterpoint.report.cells import cells
from counterpoint.report.parts import Marked


@pytest.mark.parametrize(
    ("cell", "html"),
    [
        ("plain", "<td>plain</td>"),
        ("<b> & co", "<td>&lt;b&gt; &amp; co</td>"),
        (units.UNKNOWN, "<td>–</td>"),
        (units.number(40), "<td>40</td>"),
        (units.number(1145), '<td data-v="1145">1,145</td>'),
        (units.percent(0.56157), '<td data-v="0.56157">56.2%</td>'),
        (units.size(7_957_600), '<td data-v="7.9576e+06">7.96 MB</td>'),
        (units.duration(7512), '<td data-v="7512">2 h 5 min</td>'),
        (units.brief(12.5e-6), '<td data-v="1.25e-05">12.5 µs</td>'),
        (units.points(-0.0728), '<td data-v="-0.0728">-7.3 pp</td>'),
        (units.percent(float("nan")), "<td>not finite</td>"),
        (Marked("1.0 ± 0.1", 1.0, "best"), '<td data-v="1"><b>best</b> 1.0 ± 0.1</td>'),
        (Marked("2 ± 1", 2.0, "", "beats <a>"), '<td data-v="2"><i>beats &lt;a&gt;</i> 2 ± 1</td>'),
        (Marked("<2", 1.5), '<td data-v="1.5">&lt;2</td>'),
    ],
)
def test_a_cell(cell: str, html: str) -> None:
    assert cells([cell]) == html


def test_a_number_in_words_is_the_same_text_as_ever() -> None:
    written = units.percent(0.5)
    assert written == "50.0%" and f"{written} of all" == "50.0% of all" and type(f"{written}") is str
    assert written.value == 0.5
