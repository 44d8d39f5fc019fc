"""The textbook loop: a copy of the model and an optimiser a client, one client after another."""

import copy

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.contestants.job import Data, Job, Outcome, Rows, main, timed
from benchmarks.contestants.network import network


def play(job: Job, data: Data) -> Outcome:
    """FedAvg as a tutorial writes it; batches are cut by index, which is faster than a `DataLoader`."""
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


if __name__ == "__main__":
    main(play)
