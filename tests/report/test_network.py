"""The picture of a network: where peers lie, what they look like, and what the script is given."""

import itertools
import json
import re
from collections.abc import Callable
from math import dist
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from counterpoint.report import write_report
from counterpoint.report.draw.network import Moment, Network, links, steps, svg, told
from counterpoint.report.draw.spots import SIDE, bar, layout
from counterpoint.report.moments import edges_of, moments
from counterpoint.report.parts import Plot
from counterpoint.report.people import Person
from counterpoint.report.record import read_record
from counterpoint.report.sections.network import labels, neighbours, network, titles
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.table import read_metrics, write_metrics

from .peers import battery_of, folder_of, network_of, places_of, start_of
from .test_page import read

THREE = [[0.0, 0.0], [100.0, 0.0], [0.0, 50.0]]


def picture(folder: RunFolder) -> Plot:
    (plot,) = network(read_record(folder)).plots
    return plot


def peers_in(drawing: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(drawing).iter("g") if "data-n" in e.attrib]


# where peers lie


def test_devices_lie_as_they_do_to_scale_with_north_up() -> None:
    place = layout("geometric", THREE, [])
    (x0, y0), (x1, y1), (x2, y2) = place.spots
    assert (x1 - x0, y1 - y0) == pytest.approx((100 * place.metre, 0))
    assert (x2 - x0, y2 - y0) == pytest.approx((0, -50 * place.metre))
    assert bar(place.metre) == (20, pytest.approx(20 * place.metre))


@pytest.mark.parametrize("count", [1, 2, 3, 10, 50, 100])
@pytest.mark.parametrize(
    "topology", ["geometric:80", "varying:geometric", "ring", "grid", "complete", "star", "edges:a"]
)
def test_all_peers_are_within_the_picture(topology: str, count: int) -> None:
    place = layout(topology, places_of(count), [[0, n] for n in range(1, count)])
    assert len(place.spots) == count
    assert all(place.radius <= x <= SIDE - place.radius for x, _ in place.spots)
    assert all(place.radius <= y <= place.height - place.radius for _, y in place.spots)
    assert (place.metre > 0) == ("geometric" in topology and count > 1)


@pytest.mark.parametrize("topology", ["ring", "grid", "complete", "star", "erdos-renyi:0.3", "none"])
@pytest.mark.parametrize("count", [2, 9, 40, 90])
def test_where_places_mean_nothing_no_disc_lies_on_another(topology: str, count: int) -> None:
    place = layout(topology, places_of(count), [[0, n] for n in range(1, count)])
    assert min(dist(a, b) for a, b in itertools.combinations(place.spots, 2)) >= 2 * place.radius


def test_the_hub_of_a_star_is_in_the_middle_and_a_grid_has_rows() -> None:
    star = layout("star", places_of(5), [[0, 2], [1, 2], [2, 3], [2, 4]])
    middle = star.spots[2]
    assert len({round(dist(middle, spot), 6) for n, spot in enumerate(star.spots) if n != 2}) == 1
    grid = layout("grid", places_of(5), [])
    xs, ys = ([round(spot[axis], 3) for spot in grid.spots] for axis in (0, 1))
    assert (xs[3], xs[4]) == (xs[0], xs[1]) and ys[0] == ys[1] == ys[2] < ys[3] == ys[4]


# what is recorded of them


def test_edges_are_those_that_were_said_last() -> None:
    said = {"edges": {"1": [[0, 1]], "5": [[1, 2]], "10": []}}
    assert [edges_of(said, n) for n in (1, 4, 5, 9, 10, 99)] == [[(0, 1)], [(0, 1)], [(1, 2)], [(1, 2)], [], []]
    assert edges_of(said, 0) == [] == edges_of({}, 3)
    assert neighbours(3, [(0, 1), (1, 2)]) == {0: [1], 1: [0, 2], 2: [1]}


def test_moments_say_what_was_recorded(tmp_path: Path) -> None:
    found = moments(read_record(folder_of(tmp_path / "run", rounds=12, peers=4, topology="ring", again=7)))
    assert [moment.round for moment in found] == list(range(1, 13))
    assert found[5].edges == [(0, 1), (1, 2), (2, 3), (0, 3)] and found[6].edges == [(0, 1), (2, 3)]
    left, _, _, quiet = battery_of(3, 12, 12)
    assert found[-1].battery[3] == pytest.approx(left / start_of(3, 12))
    assert found[-1].silent == [battery_of(p, 12, 12)[3] for p in range(4)]
    assert any(found[-1].silent), "else this says nothing"
    assert quiet == found[-1].silent[3]


def test_a_score_stays_until_there_is_a_new_one(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", rounds=4, peers=3)
    kept = [m for m in read_metrics(folder.metrics) if m.name.measure != "accuracy" or m.round in (2, 4)]
    write_metrics(folder.metrics, kept)
    found = moments(read_record(folder))
    assert [moment.accuracy[0] is None for moment in found] == [True, False, False, False]
    assert found[1].accuracy == found[2].accuracy != found[3].accuracy
    assert peers_in(picture(folder).svg)


def test_long_runs_are_thinned_and_keep_their_last_round(tmp_path: Path) -> None:
    found = moments(read_record(folder_of(tmp_path / "run", rounds=300, peers=3)))
    assert 80 <= len(found) <= 120
    assert found[-1].round == 300


# what is drawn


def moment(*accuracy: float | None, battery: tuple[float | None, ...] = (), silent: tuple[int, ...] = ()) -> Moment:
    left = battery or (None,) * len(accuracy)
    return Moment(3, [(0, 1), (1, 2)], accuracy, left, [n in silent for n in range(len(accuracy))])


def drawn(*shown: Moment) -> Network:
    return Network(["a", "<b>", "c"], ["0", "1", "2"], layout("ring", THREE, []), shown, "own test")


def test_colours_are_levels_between_whole_tenths() -> None:
    one = drawn(moment(0.31, 0.5, 0.79))
    assert one.reach == (300, 800)
    classes = [peer.get("class") for peer in peers_in(svg(one, "alt"))]
    assert classes == ["peer l0", "peer l3", "peer l8"]
    assert drawn(moment(0.5, 0.5, 0.5)).reach == (500, 600)
    assert drawn(moment(None, None, None)).reach == (0, 1000)
    nothing = [peer.get("class") for peer in peers_in(svg(drawn(moment(None, 0.4, float("nan"))), "alt"))]
    assert nothing == ["peer lx", "peer l0", "peer lx"]


def test_the_ring_is_as_long_as_the_battery_is_full() -> None:
    shown = drawn(moment(0.5, 0.5, 0.5, battery=(0.75, 0.1, 0.0), silent=(2,)))
    peers = peers_in(svg(shown, "alt"))
    rings = [next(c for c in peer.iter("circle") if "left" in (c.get("class") or "")) for peer in peers]
    around = json.loads(steps(shown))["around"]
    assert [float((ring.get("stroke-dasharray") or "").split()[0]) / around for ring in rings] == pytest.approx(
        [0.75, 0.1, 0.0], abs=2e-3
    )
    assert [ring.get("class") for ring in rings] == ["left", "left low", "left low"]
    assert [title.text for peer in peers for title in peer.iter("title")] == [
        "a: accuracy 50.0%, battery 75.0%",
        "<b>: accuracy 50.0%, battery 10.0%",
        "c: accuracy 50.0%, battery 0.0%, silent",
    ]
    assert peers[2].get("class") == "peer l0 silent"


def test_who_is_silent_is_not_heard() -> None:
    spots = [(0.0, 0.0), (10.0, 0.0), (0.0, 20.5)]
    assert links(moment(0.5, 0.5, 0.5, silent=(2,)), spots) == ("M0 0L10 0", "M10 0L0 20.5")
    assert links(moment(0.5, 0.5, 0.5), spots)[1] == ""


def test_a_moment_in_words() -> None:
    assert told(moment(0.5, 0.25, 0.75, battery=(1.0, 0.5, 0.0), silent=(1,))) == (
        "Round 3: accuracy 50.0% in the mean, 25.0% at worst; batteries 50.0% in the mean, 0.0% at least; 1 silent."
    )
    assert told(moment(None, None, None)) == "Round 3: nothing is known of single peers."


def test_what_the_script_is_given_may_stand_in_a_page() -> None:
    data = steps(drawn(moment(0.5, 0.25, None), moment(0.5, 0.75, 1.0, silent=(0,))))
    assert "<" not in data and "&" not in data
    found = json.loads(data)
    assert found["names"] == ["a", "<b>", "c"]
    assert found["edges"] == [[0, 1, 1, 2]], "equal ones once"
    assert [m["edges"] for m in found["moments"]] == [0, 0]
    assert [m["accuracy"] for m in found["moments"]] == [[500, 250, None], [500, 750, 1000]]
    assert [m["silent"] for m in found["moments"]] == [[], [0]]


# the section


@pytest.mark.parametrize(
    ("names", "written", "called"),
    [
        (["subject 1", "subject 12"], ["1", "12"], ["subject 1", "subject 12"]),
        (["de", "pt"], ["de", "pt"], ["de", "pt"]),
        (["Ann", "Berta"], ["0", "1"], ["Ann (0)", "Berta (1)"]),
        (["room 3 a", "room 3 b"], ["0", "1"], ["room 3 a (0)", "room 3 b (1)"]),
        (["device 20231", "device 20232"], ["0", "1"], ["device 20231 (0)", "device 20232 (1)"]),
    ],
)
def test_what_is_written_on_a_peer_leads_to_its_name(names: list[str], written: list[str], called: list[str]) -> None:
    persons = [Person(n, name) for n, name in enumerate(names)]
    assert labels(persons) == written
    assert titles(persons) == called


def test_the_section_says_who_can_talk_to_whom(tmp_path: Path) -> None:
    section = network(read_record(folder_of(tmp_path / "run", rounds=6, peers=5, topology="star")))
    assert dict(section.facts) == {
        "topology": "star",
        "links": "4 pairs of 5 peers can talk",
        "neighbours": "1 to 4 each, 1.6 in the mean",
    }
    (plot,) = section.plots
    assert plot.steps is not None and plot.steps.count == 6
    assert plot.steps.now.startswith("Round 6: accuracy ")
    assert list(plot.table.head)[:5] == ["peer", "modalities", "neighbours", "accuracy", "battery left"]
    assert [row[2] for row in plot.table.rows] == ["4", "1", "1", "1", "1"]


def test_edges_that_change_are_told(tmp_path: Path) -> None:
    section = network(read_record(folder_of(tmp_path / "run", topology="ring", again=4)))
    assert dict(section.facts)["neighbours"] == "2 each; drawn anew 1 time, here is round 1"


def test_one_second_script_runs_and_no_other(tmp_path: Path, make: Callable[..., RunFolder]) -> None:
    page = write_report(folder_of(tmp_path / "run", rounds=3))
    outline = read(page)
    assert len(outline.scripts) == 3, "what it is given, and two scripts"
    (policy,) = (v for t, key, v in outline.attributes if (t, key) == ("meta", "content") and "default-src" in v)
    assert len(re.findall(r"'sha256-[^']+'", policy)) == 2
    assert not [key for _, key, _ in outline.attributes if key.startswith("on")]
    assert len(set(outline.ids)) == len(outline.ids)
    labels = [value for tag, key, value in outline.attributes if tag == "svg" and key == "aria-label"]
    assert outline.seen.count("svg") == len(labels) and all(len(label) > 20 for label in labels)
    plain = write_report(make(name="plain")).read_text(encoding="utf-8")
    assert ".net" not in plain and plain.count("sha256-") == 1


def test_of_more_than_fifty_peers_the_last_round_is_shown(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", rounds=3, peers=60)
    plot = picture(folder)
    assert plot.steps is not None and plot.steps.count == 1
    assert "Of so many peers single ones are recorded in the last round only." in plot.caption
    assert "battery" not in plot.caption, "nothing says what it held at the start"
    assert 'class="stepper"' not in write_report(folder).read_text(encoding="utf-8")
    starts = [start_of(peer, 3) for peer in range(60)]
    known = picture(folder_of(tmp_path / "known", rounds=3, peers=60, network={"batteries": starts}))
    assert "battery left" in known.table.head


def test_more_than_a_hundred_peers_are_curves(tmp_path: Path) -> None:
    section = network(read_record(folder_of(tmp_path / "run", rounds=3, peers=101)))
    assert "101 peers are too many to be drawn singly" in section.lead
    (plot,) = section.plots
    assert plot.title == "Accuracy of peers" and plot.steps is None


def test_where_there_is_a_server_there_is_no_section(make: Callable[..., RunFolder]) -> None:
    assert not network(read_record(make()))


def test_equal_folders_give_equal_pictures(tmp_path: Path) -> None:
    first, second = (picture(folder_of(tmp_path / name)) for name in "ab")
    assert first == second
    assert network_of(5) == network_of(5)
