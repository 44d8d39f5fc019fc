"""`counterpoint sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterpoint.cli.console import stdout
from counterpoint.cli.options import (
    Clients,
    Data,
    Device,
    EngineName,
    Jobs,
    Labels,
    Missing,
    Modalities,
    Out,
    Partition,
    Proxy,
    Quiet,
    listed,
    parsed,
)
from counterpoint.cli.reading import reading
from counterpoint.errors import UserError

if TYPE_CHECKING:
    from counterpoint.experiments.tuning import Study, Sweep

RUNS = Path("runs")
STOPPED = 130


def sweep(
    method: Annotated[str, typer.Argument(metavar="METHOD", hidden=True)],
    data: Data,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Runs in all, the first with the settings as they are.")
    ],
    *,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES",
            help="Search this setting too, or between other values, may be repeated: train.lr=0.01,0.1 for these"
            " values, mu=0..1 for numbers between, mu=1e-4..1:log by their logarithms.",
        ),
    ] = None,
    rounds: Annotated[int | None, typer.Option(metavar="N", help="Rounds of a run. [default: 40]")] = None,
    participation: Annotated[
        float | None, typer.Option(metavar="F", help="Share of the clients in a round. [default: 1]")
    ] = None,
    partition: Partition = None,
    clients: Clients = None,
    missing: Missing = None,
    labels: Labels = None,
    proxy: Proxy = None,
    validation: Annotated[
        float | None,
        typer.Option(metavar="F", help="Share of each client's training rows to choose by. [default: 0.2]"),
    ] = None,
    modalities: Modalities = None,
    features: Annotated[
        str | None, typer.Option(metavar="A=NAME", help="Frozen encoder whose features take a modality's place.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Setting that all runs have and nobody searches, repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of all that is drawn.")] = 0,
    engine: EngineName = None,
    device: Device = None,
    measure: Annotated[
        str, typer.Option(metavar="M", help="What is made as good as it can be: accuracy, macro_f1, auc, or loss.")
    ] = "accuracy",
    batch: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Trials that are chosen before the outcome of any of them is known. More keep more jobs busy, fewer"
            " learn more from one another.",
        ),
    ] = 4,
    jobs: Jobs = None,
    name: Annotated[
        str | None, typer.Option(metavar="PROFILE", help="Name of what is found; if not given, tuned/DATA.")
    ] = None,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as one line of JSON, no table.")
    ] = False,
) -> None:
    """Search for settings of a method, on validation rows alone.

    METHOD is a name that 'counterpoint methods' lists, or FILE.py:CLASS, and may have settings of its own that are not
    searched, as in 'fedprox[mu=0.1]'. Out of every client's training rows some are taken to choose by; no test is
    looked at. The first trial has the settings as they are; hopeless trials are given up early. What is found is saved
    as a profile: see 'counterpoint run --profile NAME'. The same command goes on where it was left, and with more
    --trials beyond.
    """
    if measure not in ("accuracy", "macro_f1", "auc", "loss"):
        raise UserError(f"--measure {measure}: there are accuracy, macro_f1, auc, loss")
    options: dict[str, Any] = {
        "rounds": rounds,
        "participation": participation,
        "partition": partition,
        "clients": clients,
        "missing": missing,
        "labels": labels,
        "proxy": proxy,
        "modalities": None if modalities is None else listed(modalities),
        "features": None if features is None else parsed(listed(features), "--features", "text=minilm"),
        "engine": engine,
        "device": device,
    }
    ranges = parsed(over or (), "--over", "train.lr=0.01,0.1")
    given = {key: value for key, value in options.items() if value is not None}
    from dataclasses import replace

    from counterpoint.experiments import Condition, Variant
    from counterpoint.experiments.pool import cores
    from counterpoint.experiments.tuning import Study, Sweep
    from counterpoint.experiments.tuning.profiles import data_profile, own_path

    variant = Variant.parse(method)
    variant = replace(variant, settings={**variant.settings, **parsed(settings or ())})
    further = {} if validation is None else {"validation": _share(validation)}
    searched = Sweep.of(
        variant, Condition(data, given, measure), trials, over=ranges, seed=seed, batch=batch, **further
    )
    profile = name or data_profile("tuned/{data}", data)
    own_path(profile)
    with reading(quiet=quiet):
        _check(searched)
    _go(Study(searched, out or RUNS / searched.own_name), profile, jobs or cores(), quiet=quiet, as_json=as_json)


def _share(validation: float) -> float:
    if not 0 < validation < 1:
        raise UserError(f"--validation {validation:g}: give a share above 0 and below 1, for example 0.2")
    return validation


def _check(searched: "Sweep") -> None:
    """Find what is wrong before any process is begun, and fetch the data.

    Raises:
        UserError: something does not exist, or does not go together.
    """
    from contextlib import closing

    from counterpoint.runs.prepare import prepare

    config = searched.usual
    with closing(prepare(config, method=config.method, data=config.data.name, model=None)):
        pass


def _go(study: "Study", profile: str, jobs: int, *, quiet: bool, as_json: bool) -> None:
    from counterpoint.cli.outcome import one_line
    from counterpoint.cli.sweeping import choose_observer, print_found
    from counterpoint.experiments.tuning import conduct, save_profile
    from counterpoint.experiments.tuning.budget import budget_of
    from counterpoint.runs import Stopped

    try:
        (found,) = conduct([study], jobs=jobs, observer=choose_observer(quiet=quiet))
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(STOPPED) from stopped
    if found is None:
        raise UserError(f"the first trial, with the settings as they are, failed: {study.why}")
    searched = study.sweep
    settings = {**searched.variant.settings, **found.settings}
    budget = budget_of(searched, found)
    path = save_profile(profile, searched.variant.section, settings, budget)
    if as_json:
        told = {"method": searched.usual.method, "settings": settings, "budget": budget, "importance": found.importance}
        typer.echo(one_line({**told, "profile": profile, "file": str(path), "out": str(study.path)}))
    elif not quiet:
        print_found(stdout(), study, found, profile, path)
