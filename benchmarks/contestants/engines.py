"""How Counterpoint's engines are made for the benchmark."""

from dataclasses import replace
from typing import Any

from benchmarks.contestants.job import Job
from counterpoint.data import Population
from counterpoint.engines import ENGINES, Engine, Stacked
from counterpoint.methods import FedAvg, Method, TrainSettings
from counterpoint.methods.fedmekt import FedMEKT
from counterpoint.methods.mm_fedavg import MMFedAvg
from counterpoint.models import Model

AUTOENCODERS: dict[str, type[Method]] = {"lstm": MMFedAvg, "fedmekt": FedMEKT}
"""Methods with a network of their own, by the name that a job has for it."""
HELD = 96
"""Rows that everyone holds, and as many with labels at the server: the first of the test, which nobody trains on."""


def method_of(job: Job) -> Method:
    """The method of a job; autoencoders without their classifier, which no contestant trains."""
    kind = AUTOENCODERS.get(job.model)
    return FedAvg() if kind is None else kind(head_epochs=0)


def held(population: Population, method: Method) -> Population:
    """The population with what the method needs of the server's rows."""
    if not method.needs:
        return population
    test = population.test
    proxy, server = (test.rows(test.label.new_tensor(range(a, a + HELD))) for a in (0, HELD))
    return replace(population, proxy=replace(proxy, label=proxy.label.new_full((HELD,), -1)), server=server)


def make_engine(job: Job, population: Population, model: Model) -> Engine:
    """An engine with the job's method on it that has started."""
    kind = ENGINES[job.engine]
    method = method_of(job)
    lr = method.usual_lr if job.model in AUTOENCODERS else job.lr
    settings = TrainSettings(epochs=job.epochs, batch_size=job.batch, lr=lr)
    options: dict[str, Any] = {"workers": job.workers} if issubclass(kind, Stacked) else {}
    engine = kind(held(population, method), method, model, settings, rounds=job.rounds, seed=0, **options)
    method.start(engine)
    return engine
