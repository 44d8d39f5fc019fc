"""The rows of the workloads, written where every contestant reads the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
TEST_DIGITS = 297


def write(arrays: Arrays, path: Path) -> Path:
    """As the contestants' `Data.read` reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return path


def digits(sizes: Sequence[int]) -> Arrays:
    """scikit-learn's digits, 64 grey values each; every client draws its rows from 1,500, without repeats of its own.

    Raises:
        SystemExit: scikit-learn is not there.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise SystemExit("scikit-learn is needed: pip install --requirement benchmarks/requirements.txt") from None
    bunch = load_digits()
    x, label = (bunch.data / 16).astype(np.float32), bunch.target.astype(np.int64)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(label))
    test, train = order[:TEST_DIGITS], order[TEST_DIGITS:]
    rows = [rng.choice(train, size, replace=False) for size in sizes]
    return {
        "x.digits": x,
        "label": label,
        **_dealt(rows, np.ones((len(rows), 1), dtype=bool)),
        "test.digits": x[test],
        "test_label": label[test],
    }


def heavy_tailed(clients: int) -> list[int]:
    """Between 5 and 200 rows a client, most of them few."""
    rng = np.random.default_rng(1)
    sizes: list[int] = np.clip((rng.pareto(1.2, clients) * 15 + 5).astype(int), 5, 200).tolist()
    return sizes


def watch_dealt(clients: int) -> Arrays:
    """The watch data, all training windows dealt by `dirichlet:0.5`."""
    from counterpoint.data import populate, sources

    people = populate(sources.load("watch"), partition="dirichlet:0.5", clients=clients, seed=0)
    label = np.concatenate([client.train.label.numpy() for client in people.clients])
    ends = np.cumsum([len(client.train) for client in people.clients])
    rows = np.split(np.arange(len(label)), ends[:-1])
    x = {
        f"x.{name}": np.concatenate([client.train.x[name].numpy() for client in people.clients])
        for name in people.modalities
    }
    return {**x, "label": label, **_dealt(rows, np.ones((clients, len(x)), dtype=bool)), **_test(people.test)}


def watch_drawn(clients: int, windows: int, both: int) -> Arrays:
    """So many training windows a client, drawn without repeats of its own; all but the first `both` lack a sensor.

    The others own one of the two sensors in turn.
    """
    from counterpoint.data import Side, sources

    dataset = sources.load("watch")
    rng = np.random.default_rng(0)
    train = (dataset.side == Side.TRAIN).nonzero().flatten().numpy()
    rows = [rng.choice(train, windows, replace=False) for _ in range(clients)]
    turns = np.arange(clients)[:, None] % 2 == np.arange(2)[None]
    owned = turns | (np.arange(clients) < both)[:, None]
    x = {f"x.{name}": values.numpy() for name, values in dataset.samples.x.items()}
    test = dataset.samples.rows((dataset.side == Side.GLOBAL_TEST).nonzero().flatten())
    return {**x, "label": dataset.samples.label.numpy(), **_dealt(rows, owned), **_test(test)}


def _dealt(rows: Sequence[NDArray[Any]], owned: NDArray[np.bool_]) -> Arrays:
    return {
        "rows": np.concatenate(rows).astype(np.int64),
        "sizes": np.array([len(own) for own in rows], dtype=np.int64),
        "owned": owned,
    }


def _test(samples: Any) -> Arrays:
    return {**{f"test.{m}": v.numpy() for m, v in samples.x.items()}, "test_label": samples.label.numpy()}
