"""From a configuration to an engine with method, model and population, ready to begin."""

import torch

from counterpoint.data import populate, prepared
from counterpoint.data.holdout import hold_out
from counterpoint.data.population import Population
from counterpoint.engines import Engine, Stacked, find_engine
from counterpoint.errors import UserError
from counterpoint.methods import Method, find_method
from counterpoint.methods.terms import find_term
from counterpoint.models import Model, ModuleBuilder, build_model
from counterpoint.runs.config import RunConfig
from counterpoint.runs.suitable import check_labels


def prepare(
    config: RunConfig, *, method: str | type[Method], data: str | Population, model: ModuleBuilder | None
) -> Engine:
    """The engine of a run, fresh.

    Raises:
        UserError: something that the configuration says does not exist, or does not go together.
    """
    cls = find_method(method) if isinstance(method, str) else method
    engine = find_engine(config.engine)
    stacking = stacking_of(config, engine)
    chosen = chosen_method(config, cls)
    population = data if isinstance(data, Population) else population_of(config, data)
    population, built = assembled(config, chosen, population, model)
    check_device(config.device)
    return engine(
        population,
        chosen,
        built,
        config.train,
        rounds=config.rounds,
        participation=config.participation,
        seed=config.seed,
        device=config.device,
        exchange=config.exchange,
        network=config.network,
        simulate=config.simulate,
        **stacking,
    )


def chosen_method(config: RunConfig, cls: type[Method]) -> Method:
    """The method of a run, with its options and its term.

    Raises:
        UserError: they do not go together.
    """
    method = cls(**config.options)
    method.check(config.train)
    if config.term:
        options = dict(config.term)
        method.take(find_term(options.pop("name"))(**options))
    return method


def assembled(
    config: RunConfig,
    method: Method,
    population: Population,
    model: ModuleBuilder | None = None,
    *,
    elsewhere: bool = False,
) -> tuple[Population, Model]:
    """The population as the method takes it, and the model of a run.

    Args:
        config: of the run.
        method: of the run.
        population: of the run.
        model: of one's own.
        elsewhere: whether the clients' rows are at their sites.

    Raises:
        UserError: method and population do not go together.
    """
    check_labels(method, population, elsewhere=elsewhere)
    population = hold_out(population, method.holds_out, config.seed)
    built = build_model(
        population.modalities,
        population.task,
        config.model,
        config.seed,
        model,
        method.assembly(),
        method.network(),
    )
    return population, built


def stacking_of(config: RunConfig, engine: type[Engine]) -> dict[str, int | None]:
    """What the stacked engine alone takes.

    Raises:
        UserError: it is given to another one.
    """
    if issubclass(engine, Stacked):
        return {"stack": config.stack, "workers": config.workers}
    given = ["--stack"] if config.stack is not None else []
    given += ["--workers"] if (config.workers or 1) > 1 else []
    if given:
        what = f"the {engine.name} engine computes one client after another in one process"
        raise UserError(f"{what}: leave out {' and '.join(given)}, or take --engine {Stacked.name}")
    return {}


def check_device(name: str) -> None:
    """Refuse a device that is not there.

    Raises:
        UserError: there is no such device here.
    """
    here = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if name not in here and not (name == "cuda" and len(here) > 1):
        raise UserError(f"there is no device {name!r} here; there are: {', '.join(here)}")


def population_of(config: RunConfig, name: str) -> Population:
    """The population that a configuration names."""
    d = config.data
    return populate(
        prepared(name, d.modalities, d.features),
        partition=d.partition,
        clients=d.clients,
        missing=d.missing,
        missing_test=d.missing_test,
        labels=d.labels,
        proxy=d.proxy,
        validation=d.validation,
        seed=config.seed,
    )
