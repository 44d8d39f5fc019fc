"""pfl (pfl-research): its FederatedAveraging on its SimulatedBackend, one process."""

import time
from itertools import pairwise

import torch
from pfl.aggregate.simulate import SimulatedBackend
from pfl.aggregate.weighting import WeightByDatapoints
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.callback.base import TrainingProcessCallback
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.data.sampling import MinimizeReuseUserSampler
from pfl.hyperparam.base import NNEvalHyperParams, NNTrainHyperParams
from pfl.metrics import Metrics
from pfl.model.pytorch import PyTorchModel
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.contestants.job import Data, Job, Outcome, main
from benchmarks.contestants.network import flat


class WithLoss(nn.Module):
    """A network as pfl wants it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def loss(self, x: Tensor, label: Tensor, is_eval: bool = False) -> Tensor:
        """Mean cross-entropy."""
        return functional.cross_entropy(self.net(x), label)

    def metrics(self, x: Tensor, label: Tensor, is_eval: bool = False) -> dict:
        """Nothing is evaluated."""
        return {}


class Stamps(TrainingProcessCallback):
    """When each round ended."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def after_central_iteration(self, *_: object, **__: object) -> tuple[bool, Metrics]:
        """Called by pfl."""
        self.at.append(time.perf_counter())
        return False, Metrics()


def play(job: Job, data: Data) -> Outcome:
    """The clients' data sets are made once, before the clock starts."""
    net = WithLoss(flat(job.model))
    model = PyTorchModel(net, torch.optim.SGD, torch.optim.SGD(net.parameters(), lr=1.0))
    held = [
        Dataset(raw_data=[data.only[rows], data.label[rows]], user_id=str(n)) for n, rows in enumerate(data.clients)
    ]
    dealt = FederatedDataset(held.__getitem__, MinimizeReuseUserSampler(list(range(len(held)))))
    backend = SimulatedBackend(training_data=dealt, val_data=dealt, postprocessors=[WeightByDatapoints()])
    stamps = Stamps()
    begun = time.perf_counter()
    FederatedAveraging().run(
        NNAlgorithmParams(
            central_num_iterations=job.rounds,
            evaluation_frequency=10 * job.rounds,
            train_cohort_size=len(held),
            val_cohort_size=0,
        ),
        backend,
        model,
        NNTrainHyperParams(local_num_epochs=job.epochs, local_learning_rate=job.lr, local_batch_size=job.batch),
        NNEvalHyperParams(local_batch_size=None),
        [stamps],
    )
    times = [begun, *stamps.at]
    return Outcome([b - a for a, b in pairwise(times)], lambda x: net.net(next(iter(x.values()))))


if __name__ == "__main__":
    main(play)
