"""fluke: its FedAVG, no evaluation while it runs.

fluke imports torchvision, whose wheel does not load beside the CPU build of torch. Empty modules stand in its place;
nothing that is timed uses it.
"""

import sys
import time
import types
from importlib.machinery import ModuleSpec
from typing import ClassVar

import torch
from torch import Tensor

from benchmarks.contestants.job import Data, Job, Outcome, main
from benchmarks.contestants.network import flat


class Empty(types.ModuleType):
    """A module in which every name is a class of its own that does nothing."""

    __path__: ClassVar[list[str]] = []

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)  # whoever asks whether it is installed looks here

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def play(job: Job, data: Data) -> Outcome:
    """fluke's own fast loader feeds the clients."""
    for name in ("torchvision", "torchvision.models", "torchvision.datasets", "torchvision.transforms"):
        sys.modules[name] = Empty(name)
    from fluke import DDict, FlukeENV
    from fluke.algorithms.fedavg import FedAVG
    from fluke.data import DataSplitter, DummyDataContainer, FastDataLoader
    from fluke.evaluation import ClassificationEval
    from fluke.utils import FederationObserver

    class Stamps(FederationObserver):
        """When each round began and ended."""

        def __init__(self) -> None:
            self.begun: list[float] = []
            self.ended: list[float] = []

        def start_round(self, *_: object, **__: object) -> None:
            self.begun.append(time.perf_counter())

        def end_round(self, *_: object, **__: object) -> None:
            self.ended.append(time.perf_counter())

    def loader(x: Tensor, label: Tensor, batch: int, shuffle: bool) -> FastDataLoader:
        return FastDataLoader(x, label, num_labels=10, batch_size=batch, shuffle=shuffle)

    FlukeENV().set_seed(0)
    FlukeENV().set_evaluator(ClassificationEval(eval_every=10 * job.rounds, n_classes=10))
    train = [loader(data.only[rows], data.label[rows], job.batch, True) for rows in data.clients]
    test = loader(next(iter(data.test_x.values())), data.test_label, 512, False)
    split = DataSplitter(DummyDataContainer(train, [None] * len(train), test, 10))
    optimizer = DDict(name="SGD", lr=job.lr)
    client = DDict(
        batch_size=job.batch,
        local_epochs=job.epochs,
        loss="CrossEntropyLoss",
        optimizer=optimizer,
        scheduler=DDict(name="StepLR", step_size=10**6, gamma=1.0),
    )
    settings = DDict(client=client, server=DDict(weighted=True), model=flat(job.model))
    algorithm = FedAVG(len(train), split, settings)
    stamps = Stamps()
    algorithm.set_callbacks(stamps)
    algorithm.run(job.rounds, 1.0, finalize=False)
    model: torch.nn.Module = algorithm.server.model.eval()
    seconds = [end - begin for begin, end in zip(stamps.begun, stamps.ended, strict=True)]
    return Outcome(seconds, lambda x: model(next(iter(x.values()))))


if __name__ == "__main__":
    main(play)
