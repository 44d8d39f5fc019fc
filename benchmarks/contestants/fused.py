"""A floor: the same number of rows through one shared model, the rows of all clients in one batch.

It learns something else (there is one model, not one a client), so it is a bound on time and no method.
"""

import torch
from torch.nn import functional

from benchmarks.contestants.job import Data, Job, Outcome, main, timed
from benchmarks.contestants.network import flat


def play(job: Job, data: Data) -> Outcome:
    """Plain autograd and `torch.optim.SGD`, [clients * batch] rows a step."""
    model = flat(job.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=job.lr)
    rows = torch.stack(data.clients)
    x, label = data.only[rows].flatten(0, 1), data.label[rows].flatten()
    offset = torch.arange(len(rows))[:, None] * rows.shape[1]

    def one_round(_: int) -> None:
        for _epoch in range(job.epochs):
            order = torch.rand(rows.shape).argsort(1) + offset
            for chosen in order.split(job.batch, 1):
                at = chosen.flatten()
                optimizer.zero_grad()
                functional.cross_entropy(model(x[at]), label[at]).backward()
                optimizer.step()

    return Outcome(timed(job.rounds, one_round))


if __name__ == "__main__":
    main(play)
