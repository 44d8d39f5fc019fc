"""Times rounds of every method on the real watch data, on every engine, one thread: `make bench`.

Each figure is the median over rounds after the first, of a run in this process. What a round does is the method's own;
bytes are those of its packages. The machine's matrix-product rate, measured in the same run, tells how fast it is.
"""

import argparse
import os
import platform
import statistics
import time

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from counterpoint.data import populate, sources
from counterpoint.engines import ENGINES
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.models import ModelSettings, build_model


def matrix_rate(size: int = 512, repeats: int = 20) -> float:
    """GFLOP/s of a square matrix product, median of some."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - begun)
    return 2 * size**3 / statistics.median(seconds) / 1e9


def round_times(engine_name: str, method_name: str, encoder: str, rounds: int) -> tuple[list[float], int]:
    """Seconds of each round after the first, and bytes of one round."""
    population = populate(sources.load("watch"))
    method = METHODS[method_name]()
    model = build_model(population.modalities, population.task, ModelSettings(encoder=encoder), seed=0)
    engine = ENGINES[engine_name](population, method, model, TrainSettings(epochs=1), rounds=rounds)
    method.start(engine)
    seconds = []
    for number in range(1, rounds + 1):
        engine.begin(number)
        begun = time.perf_counter()
        method.round(engine)
        seconds.append(time.perf_counter() - begun)
    return seconds[1:], sum(engine.log.traffic.values())


def main() -> None:
    """Time all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    console = Console()
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}; "
        f"one thread; matrix product {matrix_rate():.0f} GFLOP/s"
    )
    table = Table(title="watch, 7 clients, 1221 windows, batch 16, one local epoch")
    for column in ("engine", "method", "encoder", "s a round", "fastest", "slowest", "MB"):
        table.add_column(column, justify="left" if column in {"engine", "method", "encoder"} else "right", no_wrap=True)
    cases = [(e, m, "cnn") for e in ENGINES for m in METHODS] + [(e, "fedavg", "gru") for e in ENGINES]
    for engine, method, encoder in track(cases, "timing", console=console, transient=True):
        seconds, size = round_times(engine, method, encoder, rounds)
        figures = (statistics.median(seconds), min(seconds), max(seconds))
        table.add_row(engine, method, encoder, *(f"{s:.3f}" for s in figures), f"{size / 1e6:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
