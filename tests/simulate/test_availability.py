"""Who is there in a round."""

import itertools
from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.simulate.availability import Availability, parse_availability

OWNED = dict.fromkeys(range(40), ("acc", "gyro"))


def rounds(text: str, count: int, owned: dict[int, tuple[str, ...]] = OWNED, seed: int = 3) -> list[dict]:
    found = parse_availability(text)
    return [found.there(owned, seed=seed, round=r) for r in range(1, count + 1)]


def test_always_is_everyone():
    assert parse_availability("always").trivial
    assert Availability().trivial
    assert not parse_availability("bernoulli:1").trivial
    assert rounds("always", 2) == [OWNED, OWNED]


def test_bernoulli_has_its_share_and_no_memory():
    there = [set(found) for found in rounds("bernoulli:0.7", 100)]
    assert abs(sum(map(len, there)) / 4000 - 0.7) < 0.03
    again = sum(len(a & b) for a, b in itertools.pairwise(there)) / sum(map(len, there[:-1]))
    assert abs(again - 0.7) < 0.03


def test_markov_keeps_its_state():
    there = [set(found) for found in rounds("markov:0.9,0.3", 150)]
    assert abs(sum(map(len, there)) / 6000 - 0.75) < 0.04, "stationary: 0.3 / (0.1 + 0.3)"
    stays = sum(len(a & b) for a, b in itertools.pairwise(there)) / sum(map(len, there[:-1]))
    assert abs(stays - 0.9) < 0.02
    away = [set(OWNED) - found for found in there]
    back = sum(len(a & b) for a, b in zip(away, there[1:], strict=False)) / sum(map(len, away[:-1]))
    assert abs(back - 0.3) < 0.04


def test_it_depends_on_neither_order_nor_company():
    everyone = rounds("markov:0.9,0.3;gyro=bernoulli:0.5", 9)
    few = rounds("markov:0.9,0.3;gyro=bernoulli:0.5", 9, {c: OWNED[c] for c in (31, 5, 17)})
    for found, all_of_them in zip(few, everyone, strict=True):
        known = {c: m for c, m in all_of_them.items() if c in (5, 17, 31)}
        assert found == known or not known
    assert rounds("bernoulli:0.5", 3, seed=4) != rounds("bernoulli:0.5", 3)


def test_a_sensor_may_be_off_alone():
    found = rounds("gyro=bernoulli:0.25", 60)
    assert all(set(there) == set(OWNED) for there in found)
    with_gyro = sum("gyro" in m for there in found for m in there.values()) / 2400
    assert abs(with_gyro - 0.25) < 0.03
    alone = rounds("gyro=bernoulli:0.25", 60, {0: ("gyro",), 1: ("acc",)})
    assert all(1 in there for there in alone)
    assert 0 < sum(0 in there for there in alone) < 30, "with its only sensor off it is away"


def test_somebody_is_always_there():
    found = rounds("bernoulli:0", 400)
    assert all(len(there) == 1 and set(there.values()) == {("acc", "gyro")} for there in found)
    alone = [next(iter(there)) for there in found]
    assert len(set(alone)) == 40 and max(alone.count(c) for c in OWNED) < 30, "by chance, not always the same one"


def test_a_trace_says_when_who_is_away(tmp_path: Path):
    path = tmp_path / "away.csv"
    path.write_text("client,from,to,modality\n1,2,3,\n0,3,3,gyro\n")
    owned = {0: ("acc", "gyro"), 1: ("acc", "gyro")}
    both, one = {0: OWNED[0], 1: OWNED[1]}, {0: OWNED[0]}
    assert rounds(f"trace:{path}", 4, owned) == [both, one, {0: ("acc",)}, both]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bernuli:0.5", "unknown availability 'bernuli': did you mean 'bernoulli'?"),
        ("bernoulli:2", "availability 'bernoulli:2' is not understood: write bernoulli:P, each from 0 to 1"),
        ("markov:0.5", "availability 'markov:0.5' is not understood: write markov:STAY,RETURN, each from 0 to 1"),
        ("markov:1,0", "availability 'markov:1,0' never changes"),
        ("always:1", "availability 'always' has no numbers: leave out '1'"),
        ("trace:/nowhere.csv", "cannot read the trace '/nowhere.csv': No such file or directory"),
        ("gyro=trace:x.csv", "cannot read the trace"),
        ("=bernoulli:0.5", "before = goes the name of a modality"),
        ("", "unknown availability ''"),
    ],
)
def test_what_is_wrong_is_told(text: str, complaint: str):
    with pytest.raises(UserError) as error:
        parse_availability(text)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("client,from\n1,2\n", "a trace has the columns client, from, to"),
        ("client,from,to,modalty\n0,1,2,gyro\n", "a trace has the columns client, from, to"),
        ("client,from,to\n1,x,3\n", "line 2: client, from and to must be whole numbers"),
        ("client,from,to\n1,1,1\n1,3,2\n", "line 3: rounds count from 1, and the first must not be after the last"),
    ],
)
def test_a_trace_that_is_wrong_is_told_by_line(tmp_path: Path, body: str, complaint: str):
    path = tmp_path / "away.csv"
    path.write_text(body)
    with pytest.raises(UserError, match=complaint):
        parse_availability(f"trace:{path}")


def test_a_sensor_that_nobody_has_is_told():
    with pytest.raises(UserError, match=r"modality in simulate\.available"):
        parse_availability("giro=bernoulli:0.5").check(["acc", "gyro"])
