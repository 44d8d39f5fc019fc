"""What is tallied beside confusion and loss, against an ordinary call of the model."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from counterpoint.engines import Engine, Sequential, Stacked
from counterpoint.methods import METHODS, FedAvg

Make = Callable[..., Any]


@pytest.mark.parametrize("kind", [Sequential, Stacked])
def test_hits_are_of_complete_samples_and_confidence_of_those_that_have_the_modality(
    make_engine: Make, make_population: Make, kind: type[Engine]
) -> None:
    people = make_population(missing="sample", test=40)
    engine: Engine = make_engine(FedAvg(), people, kind=kind)
    method = engine.method
    sums = method.tally(engine.server, method.weights, "global_test")
    acc, gyro = people.test.present["acc"], people.test.present["gyro"]
    logits = engine.model(method.weights, people.test.only(["acc"]).batch(torch.arange(40)))
    right, complete = logits.argmax(1) == people.test.label, acc & gyro
    assert int(sums["acc/hits"]) == int((right & complete).sum()) < int((right & acc).sum())
    assert int(sums["acc+gyro/hits"]) == int(sums["acc+gyro/confusion"].reshape(3, 3).diagonal().sum())
    certainty = logits.double().softmax(1).gather(1, people.test.label[:, None]).squeeze(1)
    by_class = [float(certainty[acc & (people.test.label == c)].sum()) for c in range(3)]
    assert sums["acc/confidence"].dtype == torch.float64
    assert sums["acc/confidence"].tolist() == pytest.approx(by_class, rel=1e-5)
    assert not {"observed/hits", "observed/confidence", "acc+gyro/confidence"} & set(sums)


@pytest.mark.parametrize("kind", [Sequential, Stacked])
def test_who_says_what(make_engine: Make, make_population: Make, kind: type[Engine]) -> None:
    """Client 0 has gyro alone, 1 acc alone, 2 both."""
    engine: Engine = make_engine(METHODS["local"](), make_population(missing="client"), kind=kind)
    method = engine.method
    answers = engine.ask([0, 1, 2], method.score_after_global, method.offer())
    further = {c: {key for key in a.sums if key.endswith(("hits", "confidence"))} for c, a in answers.items()}
    both = {"acc/hits", "gyro/hits", "acc+gyro/hits", "acc/confidence", "gyro/confidence"}
    assert further == {0: {"gyro/confidence"}, 1: {"acc/confidence"}, 2: both}
    for answer in engine.ask([2], method.score_after, method.offer()).values():
        assert not any(key.endswith(("hits", "confidence")) for key in answer.sums), "of the global test alone"
