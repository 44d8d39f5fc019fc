"""How Counterpoint's engines are made for the benchmark."""

from typing import Any

from benchmarks.contestants.job import Job
from counterpoint.data import Population
from counterpoint.engines import ENGINES, Engine, Stacked
from counterpoint.methods import FedAvg, TrainSettings
from counterpoint.models import Model


def make_engine(job: Job, population: Population, model: Model) -> Engine:
    """An engine with FedAvg on it that has started."""
    kind = ENGINES[job.engine]
    settings = TrainSettings(epochs=job.epochs, batch_size=job.batch, lr=job.lr)
    options: dict[str, Any] = {"workers": job.workers} if issubclass(kind, Stacked) else {}
    method = FedAvg()
    engine = kind(population, method, model, settings, rounds=job.rounds, seed=0, **options)
    method.start(engine)
    return engine
