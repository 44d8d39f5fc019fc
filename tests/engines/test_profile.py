"""Each second counts once, under the innermost span that is open."""

from collections.abc import Callable

import pytest

from counterpoint.engines import profile as module
from counterpoint.engines.profile import AGGREGATION, COMPUTE, DATA, EVALUATION, KINDS, OVERHEAD, WAITING, Profile

Pass = Callable[[float], None]


@pytest.fixture
def seconds_pass(monkeypatch: pytest.MonkeyPatch) -> Pass:
    """A clock that a test moves on."""
    now = [100.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def spent(profile: Profile) -> dict[str, float]:
    return {kind: seconds for kind, seconds in profile.seconds.items() if seconds}


def test_nothing_is_spent_at_first():
    assert Profile().seconds == dict.fromkeys(KINDS, 0.0)


def test_time_outside_of_all_spans_does_not_count(seconds_pass: Pass):
    profile = Profile()
    for _ in range(3):
        seconds_pass(5)
        with profile.of(COMPUTE):
            seconds_pass(1)
        seconds_pass(7)
    assert spent(profile) == {COMPUTE: 3}


def test_a_span_inside_stops_the_one_around_it(seconds_pass: Pass):
    profile = Profile()
    with profile.of(OVERHEAD):
        seconds_pass(1)
        with profile.of(COMPUTE):
            seconds_pass(2)
            with profile.of(DATA):
                seconds_pass(4)
            seconds_pass(8)
            with profile.of(COMPUTE):
                seconds_pass(16)
        seconds_pass(32)
        with profile.of(WAITING):
            seconds_pass(64)
    assert spent(profile) == {OVERHEAD: 33, COMPUTE: 26, DATA: 4, WAITING: 64}
    assert sum(profile.seconds.values()) == 127, "all that passed"


def test_inside_an_evaluation_all_is_evaluation(seconds_pass: Pass):
    profile = Profile()
    with profile.of(EVALUATION):
        seconds_pass(1)
        with profile.of(OVERHEAD):
            seconds_pass(2)
            with profile.of(COMPUTE):
                seconds_pass(4)
        profile.add({COMPUTE: 8, DATA: 16})
    with profile.of(COMPUTE):
        seconds_pass(32)
    assert spent(profile) == {EVALUATION: 31, COMPUTE: 32}


def test_an_evaluation_inside_counts_for_itself(seconds_pass: Pass):
    profile = Profile()
    with profile.of(AGGREGATION):
        seconds_pass(1)
        with profile.of(EVALUATION):
            seconds_pass(2)
    assert spent(profile) == {AGGREGATION: 1, EVALUATION: 2}


def test_what_other_processes_spent_is_added(seconds_pass: Pass):
    profile = Profile()
    profile.add({COMPUTE: 3.0, DATA: 1.0})
    with profile.of(WAITING):
        seconds_pass(2)
        profile.add({COMPUTE: 1.0})
    assert spent(profile) == {COMPUTE: 4, DATA: 1, WAITING: 2}


class Stop(BaseException):
    """Not an `Exception`."""


def test_a_span_ends_with_an_error(seconds_pass: Pass):
    profile = Profile()
    for error in (ValueError, Stop):
        with pytest.raises(error), profile.of(OVERHEAD), profile.of(COMPUTE):
            seconds_pass(1)
            raise error
    seconds_pass(10)
    with profile.of(DATA):
        seconds_pass(2)
    assert spent(profile) == {COMPUTE: 2, DATA: 2}
