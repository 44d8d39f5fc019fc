"""Counterpoint: a method on one of its engines, wire format, checks and byte counts included."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmarks.contestants.engines import make_engine, method_of
from benchmarks.contestants.job import Data, Job, Outcome, Rows, main, timed
from benchmarks.contestants.memory import peak
from benchmarks.contestants.network import flat
from benchmarks.contestants.population import population
from counterpoint.data import Batch, Modality, Population, Task
from counterpoint.engines.profile import AGGREGATION
from counterpoint.models import Model, ModelSettings, build_model
from counterpoint.models.build import late_fusion


class OnDigits(nn.Module):
    """A user's own network as Counterpoint calls it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, batch: Batch) -> Tensor:
        """[rows, classes]."""
        logits: Tensor = self.net(batch.x["digits"])
        return logits


def build(job: Job, people: Population) -> Model:
    """The network on digits as a model of the user's; that on sensors as the framework's own, from the same weights."""

    def made(modalities: Mapping[str, Modality], task: Task) -> nn.Module:
        if job.model in {"mlp", "linear"}:
            return OnDigits(flat(job.model))
        torch.manual_seed(0)
        return late_fusion(modalities, task, ModelSettings(encoder=job.model))

    if network := method_of(job).network():
        return build_model(people.modalities, people.task, ModelSettings(), 0, network=network)
    return build_model(people.modalities, people.task, ModelSettings(), 0, made)


def play(job: Job, data: Data) -> Outcome:
    """Rounds as a run plays them; nothing but data and model where there are none."""
    people = population(data)
    model = build(job, people)
    peaks = [peak()]
    if not job.rounds:
        return Outcome([], facts={"peak": peaks})
    engine = make_engine(job, people, model)
    spent: list[dict[str, float]] = []

    def one_round(number: int) -> None:
        engine.begin(number)
        before = dict(engine.profile.seconds)
        with engine.profile.of(AGGREGATION):
            engine.method.round(engine)
        spent.append({name: value - before[name] for name, value in engine.profile.seconds.items()})
        peaks.append(peak())

    seconds = timed(job.rounds, one_round)
    weights = engine.method.weights
    engine.close()
    test = people.test

    def logits(_: Rows) -> Tensor:
        return model(weights, test.batch(test.label.new_tensor(range(len(test)))), train=False)

    return Outcome(seconds, logits, {"peak": peaks, "profile": spent, "stacks": engine.profile.stacks})


if __name__ == "__main__":
    main(play)
