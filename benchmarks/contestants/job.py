"""What a contestant is asked, what it works on and what it answers: one form for all, in every environment."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

MARK = "ANSWER "
"""Begins the line of the answer; whatever else a contestant prints is ignored."""

Rows = dict[str, Tensor]
"""Values by modality, [rows, *shape]."""


@dataclass(frozen=True)
class Job:
    """What a contestant runs: FedAvg with full participation, local SGD; autoencoders with Adam.

    Attributes:
        data: path of the file that `Data.read` reads.
        model: mlp (64-200-10), linear (64-10), cnn or gru (an encoder of that kind a modality); lstm (an autoencoder a
            modality, averaged), fedmekt (the same, by embeddings of rows that all hold).
        rounds: how many, none of them evaluated.
        epochs: local ones.
        batch: rows a step.
        lr: learning rate.
        engine: of Counterpoint.
        workers: of Counterpoint.
    """

    data: str
    model: str
    rounds: int
    epochs: int = 1
    batch: int = 20
    lr: float = 0.1
    engine: str = ""
    workers: int = 1

    def text(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Job":
        """What `text` wrote."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})


@dataclass(frozen=True)
class Data:
    """Rows, and which client holds which; a row may be held by several clients.

    Attributes:
        x: all training rows.
        label: int64 [rows].
        clients: for each client the places of its rows.
        owned: bool [clients, modalities], modalities sorted by name.
        test_x: rows that nobody trains on.
        test_label: theirs.
    """

    x: Rows
    label: Tensor
    clients: tuple[Tensor, ...]
    owned: Tensor
    test_x: Rows
    test_label: Tensor

    @classmethod
    def read(cls, path: str) -> "Data":
        """From an .npz file: x.NAME, label, rows, sizes, owned, test.NAME, test_label."""
        with np.load(Path(path)) as file:
            held = {name: torch.from_numpy(file[name]) for name in file.files}
        x, test = ({n[len(p) :]: v for n, v in held.items() if n.startswith(p)} for p in ("x.", "test."))
        clients = tuple(held["rows"].split(held["sizes"].tolist()))
        return cls(x, held["label"], clients, held["owned"], test, held["test_label"])

    @property
    def only(self) -> Tensor:
        """The values, where there is one modality."""
        (values,) = self.x.values()
        return values


@dataclass
class Outcome:
    """What a contestant found.

    Attributes:
        seconds: of each round.
        logits: of the trained model, on rows; None where what was trained is no model to compare.
        facts: whatever else.
    """

    seconds: list[float]
    logits: Callable[[Rows], Tensor] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def timed(rounds: int, play: Callable[[int], object]) -> list[float]:
    """Seconds of each of some rounds, numbered from 1."""
    seconds = []
    for number in range(1, rounds + 1):
        begun = time.perf_counter()
        play(number)
        seconds.append(time.perf_counter() - begun)
    return seconds


def matrix_rate(size: int = 512, repeats: int = 20) -> float:
    """GFLOP/s of a square matrix product, median of some."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    seconds = timed(repeats, lambda _: a @ b)
    return 2 * size**3 / statistics.median(seconds[repeats // 4 :]) / 1e9


def main(play: Callable[[Job, Data], Outcome]) -> None:
    """Run the job on the command line and print the answer."""
    torch.set_num_threads(1)
    job = Job.read(sys.argv[1])
    data = Data.read(job.data)
    found = play(job, data)
    answer: dict[str, Any] = {"seconds": found.seconds, **found.facts}
    if found.logits is not None and len(data.test_label):
        with torch.no_grad():
            right = found.logits(data.test_x).argmax(1) == data.test_label
        answer["accuracy"] = right.double().mean().item()
    print(MARK + json.dumps(answer), flush=True)
