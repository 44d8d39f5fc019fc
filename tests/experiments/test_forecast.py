"""The time left."""

from counterpoint.experiments import Case, Comparison, cases
from counterpoint.experiments.forecast import Forecast

COMPARISON = Comparison.of({"methods": ["fedavg", "local"], "data": ["watch", "mfeat"], "seeds": 1, "rounds": 10})


def by_name() -> dict[str, Case]:
    return {f"{case.variant.label}/{case.condition.label}": case for case in cases(COMPARISON)}


def test_nothing_is_known_of_nothing() -> None:
    found = Forecast()
    assert found.left([(case, 3) for case in cases(COMPARISON)], jobs=2) is None


def test_a_cell_that_was_not_measured_takes_as_long_as_others_on_the_same_data() -> None:
    found, case = Forecast(), by_name()
    found.learn(case["fedavg/watch"], 2, 4.0)
    assert found.a_round(case["fedavg/watch"]) == 2.0
    assert found.a_round(case["local/watch"]) == 2.0
    assert found.a_round(case["local/mfeat"]) == 2.0
    found.learn(case["fedavg/mfeat"], 1, 0.5)
    assert found.a_round(case["local/mfeat"]) == 0.5
    found.learn(case["fedavg/watch"], 2, 8.0)
    assert found.a_round(case["fedavg/watch"]) == 3.0


def test_processes_share_the_work_but_no_run_is_shared() -> None:
    found, case = Forecast(), by_name()
    found.learn(case["fedavg/watch"], 1, 2.0)
    found.learn(case["fedavg/mfeat"], 1, 1.0)
    assert found.left([(case["fedavg/watch"], 10), (case["fedavg/mfeat"], 10)], jobs=2) == 20.0
    assert found.left([(case["fedavg/watch"], 10), (case["fedavg/mfeat"], 10)], jobs=1) == 30.0
    assert found.left([(case["fedavg/watch"], 5)] * 4, jobs=2) == 20.0
