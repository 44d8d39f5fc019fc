"""Starting a run, and going on with one: the Python API."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import torch

from counterpoint.data import prepare as prepare_data
from counterpoint.data.population import Population
from counterpoint.errors import UserError
from counterpoint.methods import Method, find_method
from counterpoint.methods.registry import lasting_name
from counterpoint.models import ModuleBuilder
from counterpoint.runs.config import GIVEN, RunConfig, checked, sorted_settings
from counterpoint.runs.folder import RunFolder, unused
from counterpoint.runs.naming import default_name
from counterpoint.runs.prepare import prepare
from counterpoint.runs.result import RunResult
from counterpoint.runs.run import Run
from counterpoint.runs.stop import Stopped
from counterpoint.runs.watch import Watcher

LOG = logging.getLogger("counterpoint")
RUNS = Path("runs")
DEALING = ("partition", "clients", "missing", "missing_test", "labels", "proxy", "validation", "modalities", "features")
"""Arguments of `run` that say how data given by name is dealt out."""


def run(
    method: str | type[Method],
    data: str | Population,
    *,
    rounds: int = 40,
    clients: int | None = None,
    participation: float = 1.0,
    partition: str = "natural",
    missing: str = "none",
    missing_test: str | None = None,
    labels: str = "all",
    proxy: float = 0.0,
    validation: float = 0.0,
    modalities: Sequence[str] | None = None,
    features: Mapping[str, str] | None = None,
    epochs: int = 2,
    batch_size: int = 16,
    lr: float | None = None,
    seed: int = 0,
    engine: str = "stacked",
    stack: int | None = None,
    workers: int | None = None,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
    model: ModuleBuilder | None = None,
    out: str | Path | None = None,
    watcher: Watcher | None = None,
) -> RunResult:
    """Run a method on data, and return what came out; all of it is in the run folder too.

    Args:
        method: its name, `path.py:Class`, or the class.
        data: name of a data set, or a population of your own.
        rounds: how many.
        clients: how many clients the data is dealt out to; all natural ones, or 10, where None.
        participation: share of the clients that take part in a round, in (0, 1].
        partition: how the data is dealt out, see `data.partitions.parse`: `natural`, `dirichlet:ALPHA`, and others.
        missing: which modalities are missing, see `data.missing.parse`: `none`, `client:RATE`, `sample:RATE`, others.
        missing_test: the same for all tests, where it is another than in training.
        labels: who has labels: `all`, `server` (clients have none), or `rate:SHARE` of each client's rows.
        proxy: share of the training rows that the server and all clients hold, without labels.
        validation: share of each client's training rows that stands in for all tests, to choose settings by; tests as
            they are where 0.
        modalities: of the data that are used; all where None.
        features: by modality, the frozen encoder whose features take its place, see `data.features`.
        epochs: local epochs a round.
        batch_size: rows a local step.
        lr: learning rate of local training; the method's own, mostly 0.1, where None.
        seed: of everything that is drawn.
        engine: `stacked`, or `sequential`: one client after another in one process, which defines what is right.
        stack: clients that the stacked engine computes together, 1 for one at a time; measured where None. It may
            change the last bits of results.
        workers: processes that it computes clients in; where None, as many as there are cores, where that is faster.
            Results do not depend on it.
        device: where tensors live, `cpu` or `cuda`.
        settings: further settings by key, as `--set` takes them: options of the method (`mu`), and `train.momentum`,
            `model.encoder` and the like.
        model: a model of your own: (modalities, task) -> module that takes a `Batch` and returns logits.
        out: the run folder; one in `runs/` is made where None.
        watcher: who looks on.

    Raises:
        UserError: something given is wrong; nothing has been started.
        Stopped: Ctrl-C or SIGTERM; everything is saved.
    """
    config = configured(
        method,
        data,
        model=model,
        rounds=rounds,
        clients=clients,
        participation=participation,
        partition=partition,
        missing=missing,
        missing_test=missing_test,
        labels=labels,
        proxy=proxy,
        validation=validation,
        modalities=modalities,
        features=features,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        seed=seed,
        engine=engine,
        stack=stack,
        workers=workers,
        device=device,
        settings=settings,
    )
    return begin(config, out, method=method, data=data, model=model, watcher=watcher)


def configured(
    method: str | type[Method], data: str | Population, *, model: ModuleBuilder | None = None, **options: Any
) -> RunConfig:
    """The configuration that `run(method, data, model=model, **options)` would have.

    Raises:
        UserError: a name or a value is wrong. Whether all of it goes together is seen when the run begins.
    """
    found = {**_usual(), **options}
    dealing = {name: found.pop(name) for name in DEALING}
    train = {name: found.pop(name) for name in ("epochs", "batch_size", "lr")}
    if train["lr"] is None:
        train["lr"] = (find_method(method) if isinstance(method, str) else method).usual_lr
    name = lasting_name(method) if isinstance(method, str) else method.name
    further = sorted_settings(method, found.pop("settings") or {})
    if isinstance(data, str):
        features = prepare_data.lasting_features(dict(dealing["features"] or {}))
        dealt = {"name": prepare_data.lasting_name(data), **dealing, "features": features}
    else:
        dealt = _as_given(data, dealing)
    objects = {"method": not isinstance(method, str), "data": not isinstance(data, str), "model": model is not None}
    return checked(
        {
            "method": name,
            "data": dealt,
            **found,
            "given": [what for what, is_one in objects.items() if is_one],
            "train": train | further.pop("train"),
            **further,
        }
    )


def begin(
    config: RunConfig,
    out: str | Path | None = None,
    *,
    method: str | type[Method] | None = None,
    data: str | Population | None = None,
    model: ModuleBuilder | None = None,
    watcher: Watcher | None = None,
) -> RunResult:
    """Run what a configuration says.

    Args:
        config: of the run.
        out: the run folder; one in `runs/` is made where None.
        method: the class, if the configuration was given one.
        data: the population, if the configuration was given one.
        model: the model, if the configuration was given one.
        watcher: who looks on.

    Raises:
        UserError: something of it does not exist, or does not go together; nothing has been started.
        Stopped: Ctrl-C or SIGTERM; everything is saved.
    """
    chosen, source = method or config.method, data or config.data.name
    with one_thread(), closing(prepare(config, method=chosen, data=source, model=model)) as prepared:
        folder = RunFolder.create(Path(out) if out is not None else unused(RUNS / default_name(config)), config)
        with logged(folder):
            work = Run(config, folder, prepared, watcher)
            work.start()
            return work.go()


def _usual() -> dict[str, Any]:
    """The defaults of `run`, of what a configuration holds."""
    parameters = signature(run).parameters.values()
    aside = ("method", "data", "model", "out", "watcher")
    return {p.name: p.default for p in parameters if p.name not in aside}


def _as_given(data: Population, dealing: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration says of a population that was handed over.

    Raises:
        UserError: it is to be dealt out again.
    """
    usual = _usual()
    for name, value in dealing.items():
        if value != usual[name]:
            raise UserError(
                f"{name}={value!r} is for data given by name: {data.name} is dealt out already; leave it out."
            )
    return {"name": data.name, "partition": GIVEN, "clients": len(data.clients), "missing": GIVEN} | (
        {"validation": data.validation} if data.validation else {}
    )


def resume(
    out: str | Path,
    *,
    method: type[Method] | None = None,
    data: Population | None = None,
    model: ModuleBuilder | None = None,
    workers: int | None = None,
    watcher: Watcher | None = None,
) -> RunResult:
    """Go on with a run that died or was stopped; its final weights and metrics are those it would have had.

    Args:
        out: the run folder.
        method: the class, if the run was given one.
        data: the population, if the run was given one.
        model: the model, if the run was given one.
        workers: processes from now on; as the run was started where None. Results do not depend on it.
        watcher: who looks on.

    Raises:
        UserError: no run, a damaged checkpoint, other data, or an object missing that the run was given.
    """
    folder = RunFolder.open(Path(out))
    config = RunConfig.read(folder.config)
    if workers is not None:
        config = checked({**config.model_dump(), "workers": workers})
    objects = {"method": method, "data": data, "model": model}
    for what in config.given:
        if objects[what] is None:
            how = f"go on with counterpoint.resume({str(out)!r}, {what}=...)"
            raise UserError(f"{out} was started from Python with a {what} of its own: {how}")
    chosen, source = method or config.method, data or config.data.name
    with (
        one_thread(),
        logged(folder),
        closing(prepare(config, method=chosen, data=source, model=model)) as prepared,
    ):
        work = Run(config, folder, prepared, watcher)
        work.restore()
        LOG.info("going on after round %d", work.done)
        return work.go()


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread a process: more make small models slower, and processes beside each other much slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def logged(folder: RunFolder) -> Iterator[None]:
    """What is logged goes to the run's log file."""
    handler = logging.FileHandler(folder.log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    before = LOG.level
    LOG.setLevel(logging.INFO)
    try:
        yield
    except Stopped:
        raise
    except UserError as error:
        LOG.error("%s", error)
        raise
    except Exception:
        LOG.exception("the run failed")
        raise
    finally:
        LOG.setLevel(before)
        LOG.removeHandler(handler)
        handler.close()
