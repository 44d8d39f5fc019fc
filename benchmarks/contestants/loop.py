"""The textbook loop: a copy of the model and an optimiser a client, one client after another."""

import copy

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.contestants.job import Data, Job, Outcome, Rows, main, timed
from benchmarks.contestants.network import network

ADAM_LR = 0.001


def play(job: Job, data: Data) -> Outcome:
    """FedAvg as a tutorial writes it; batches are cut by index, which is faster than a `DataLoader`."""
    if job.model == "lstm":
        return autoencoders(job, data)
    one = len(data.x) == 1
    shared = network(job, data)
    own: list[Rows] = [{name: values[rows] for name, values in data.x.items()} for rows in data.clients]
    labels = [data.label[rows] for rows in data.clients]
    total = sum(map(len, labels))

    def shown(x: Rows, rows: Tensor) -> Tensor | Rows:
        return next(iter(x.values()))[rows] if one else {name: values[rows] for name, values in x.items()}

    def one_round(_: int) -> None:
        average: dict[str, Tensor] = {}
        for x, label in zip(own, labels, strict=True):
            model = copy.deepcopy(shared)
            optimizer = torch.optim.SGD(model.parameters(), lr=job.lr)
            for _epoch in range(job.epochs):
                for rows in torch.randperm(len(label)).split(job.batch):
                    optimizer.zero_grad()
                    functional.cross_entropy(model(shown(x, rows)), label[rows]).backward()
                    optimizer.step()
            for name, value in model.state_dict().items():
                part = value * (len(label) / total)
                average[name] = average[name] + part if name in average else part
        shared.load_state_dict(average)

    seconds = timed(job.rounds, one_round)
    return Outcome(seconds, lambda x: shared(next(iter(x.values())) if one else x))


def autoencoders(job: Job, data: Data) -> Outcome:
    """Autoencoders averaged; each client keeps its Adam. A step a modality in turn, on what is written from it."""
    from counterpoint.data import Batch

    shared = network(job, data)
    models = [copy.deepcopy(shared) for _ in data.clients]
    optimizers = [torch.optim.Adam(model.parameters(), lr=ADAM_LR) for model in models]
    names = sorted(data.x)

    def one_round(_: int) -> None:
        average: dict[str, Tensor] = {}
        for model, optimizer, own in zip(models, optimizers, data.clients, strict=True):
            model.load_state_dict(shared.state_dict())
            for _epoch in range(job.epochs):
                for rows in own[torch.randperm(len(own))].split(job.batch):
                    there = torch.ones(len(rows), dtype=torch.bool)
                    x = {name: data.x[name][rows] for name in names}
                    batch = Batch(x, dict.fromkeys(names, there), data.label[rows], rows, there)
                    for name in names:
                        optimizer.zero_grad()
                        parts = model.parts(batch, reads=[name], writes=True)
                        sum(functional.mse_loss(parts["written"][m][0], parts["target"][m]) for m in names).backward()
                        optimizer.step()
            for name, value in model.state_dict().items():
                part = value / len(models)
                average[name] = average[name] + part if name in average else part
        shared.load_state_dict(average)

    return Outcome(timed(job.rounds, one_round))


if __name__ == "__main__":
    main(play)
