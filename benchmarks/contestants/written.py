"""A floor: FedAvg of this one network written out, all clients in one batched matrix product, no autograd."""

import torch

from benchmarks.contestants.job import Data, Job, Outcome, main, matrix_rate, timed
from benchmarks.contestants.network import flat


@torch.no_grad()
def play(job: Job, data: Data) -> Outcome:
    """Forward, backward and SGD of a two-layer perceptron in place. Clients have equally many rows, whole batches."""
    model = flat("mlp")
    rows = torch.stack(data.clients)
    x, label = data.only[rows].flatten(0, 1), data.label[rows].flatten()
    clients, size = rows.shape
    offset = torch.arange(clients)[:, None] * size
    shared = [value.clone() for value in model.state_dict().values()]

    def one_round(_: int) -> None:
        w1, b1, w2, b2 = (v.unsqueeze(0).repeat(clients, *[1] * v.dim()) for v in shared)
        for _epoch in range(job.epochs):
            order = torch.rand(rows.shape).argsort(1) + offset
            for at in order.split(job.batch, 1):
                a, t = x[at], label[at]
                h = torch.baddbmm(b1[:, None], a, w1.transpose(1, 2)).relu_()
                d = torch.baddbmm(b2[:, None], h, w2.transpose(1, 2)).softmax(-1)
                d.scatter_add_(2, t[..., None], d.new_full((1, 1, 1), -1.0).expand(*t.shape, 1)).div_(t.shape[1])
                dh = torch.bmm(d, w2).mul_(h > 0)
                w2.baddbmm_(d.transpose(1, 2), h, alpha=-job.lr)
                b2.add_(d.sum(1), alpha=-job.lr)
                w1.baddbmm_(dh.transpose(1, 2), a, alpha=-job.lr)
                b1.add_(dh.sum(1), alpha=-job.lr)
        for value, each in zip(shared, (w1, b1, w2, b2), strict=True):
            value.copy_(each.mean(0))

    rate = matrix_rate()
    seconds = timed(job.rounds, one_round)
    model.load_state_dict(dict(zip(model.state_dict(), shared, strict=True)))
    return Outcome(seconds, lambda values: model(next(iter(values.values()))), {"gflops": rate})


if __name__ == "__main__":
    main(play)
