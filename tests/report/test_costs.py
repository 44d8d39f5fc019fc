"""Where the time went, in words."""

import pytest

from counterpoint.report import costs

from .conftest import PROFILE


def test_kinds_share_the_time_and_the_longest_is_first() -> None:
    found = costs.kinds(PROFILE)
    assert [kind.name for kind in found] == ["compute", "waiting", "evaluation", "overhead", "saving", "data"]
    assert sum(kind.share for kind in found) == pytest.approx(1)
    assert found[0].each == 0.3
    assert all(kind.what for kind in found)
    assert costs.kinds({"phases": {"training": 3.0}}) == []


@pytest.mark.parametrize(
    ("width", "times", "told"),
    [
        (6, {"6": 0.001, "1": 0.002}, "6 clients a stack (1 ms a client-step; alone 2 ms)"),
        (1, {"6": 0.003, "1": 0.002}, "1 client a stack (2 ms a client-step; 6 together 3 ms)"),
        (1, {"1": 0.002}, "1 client a stack (2 ms a client-step)"),
        (20, {"24": 0.001, "1": 0.002}, "20 clients a stack (1 ms a client-step; alone 2 ms)"),
    ],
)
def test_a_stack_in_words(width: int, times: dict[str, float], told: str) -> None:
    profile = {"stacks": {"local, acc": {"clients a stack": width, "seconds": times}}}
    assert list(costs.stacks("path/own.py:Own", profile)) == [f"own local, acc: {told}"]


def test_stacks_that_were_not_measured_are_left_out() -> None:
    assert list(costs.stacks("fedavg", {"stacks": {"local, acc": {"clients a stack": 32, "seconds": {}}}})) == []
    assert list(costs.stacks("fedavg", {})) == []


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ({"recorded": 0}, "no steps recorded"),
        ({"recorded": 1}, "1 kind of step recorded and replayed"),
        ({"recorded": 4, "workers": 2}, "4 kinds of step recorded and replayed, counted in each process"),
    ],
)
def test_recordings_in_words(profile: dict, told: str) -> None:
    assert costs.recordings(profile) == told


def test_only_with_workers_the_kinds_pass_the_clock() -> None:
    phases = {"saving": 1.0, "training": 4.0}
    alone = costs.clock({"phases": phases})
    assert alone == "On the clock 5.0 s: training 4.0 s, saving 1.0 s."
    assert costs.clock({"phases": phases, "workers": 2}).startswith(f"{alone} All kinds add up to more: ")
