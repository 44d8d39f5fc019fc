"""What a run spent in all, out of what each round took."""

from counterpoint.evaluate import Metric, MetricName
from counterpoint.runs.energy import energy


def of(measure: str, *values: float, scope: str = "clients:sum") -> list[Metric]:
    return [Metric(number, MetricName(measure, scope=scope), value) for number, value in enumerate(values, start=1)]


def test_joules_are_those_of_all_rounds_and_the_battery_is_a_share_of_the_start() -> None:
    metrics = [*of("joules_compute", 3.0, 2.0), *of("joules_send", 1.0, 0.5), *of("battery", 6.0, 3.5)]
    metrics += [*of("silent", 0.0, 2.0), *of("joules_compute", 1.5, 1.0, scope="client:0")]
    assert energy(metrics, 2) == {
        "energy": {"joules_compute": 5.0, "joules_send": 1.5, "joules": 6.5, "battery": 0.35, "silent": 2}
    }


def test_a_mean_says_the_same_as_a_sum() -> None:
    metrics = [*of("joules_compute", 3.0), *of("joules_send", 1.0), *of("battery", 2.0, scope="clients:mean")]
    assert energy(metrics, 6)["energy"]["battery"] == 0.75


def test_without_batteries_there_is_no_share() -> None:
    metrics = [*of("joules_compute", 3.0), *of("joules_send", 1.0)]
    told = {"joules_compute": 3.0, "joules_send": 1.0, "joules": 4.0, "battery": None, "silent": None}
    assert energy(metrics, 2) == {"energy": told}
    assert energy([*metrics, *of("battery", float("inf"))], 2) == {"energy": told}, "mains"


def test_empty_batteries_that_never_held_anything() -> None:
    metrics = [*of("joules_compute", 0.0), *of("joules_send", 0.0), *of("battery", 0.0)]
    assert energy(metrics, 2)["energy"]["battery"] is None


def test_a_run_that_counts_no_joules_says_nothing() -> None:
    assert energy(of("battery", 3.0), 2) == {}
    assert energy([], 2) == {}
