"""`counterpoint run`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from counterpoint.cli.options import (
    Clients,
    Data,
    Device,
    EngineName,
    Features,
    Labels,
    Missing,
    MissingTest,
    Modalities,
    Partition,
    Proxy,
    Quiet,
    Report,
    listed,
    parsed,
)
from counterpoint.errors import UserError


def run(
    method: Annotated[str, typer.Argument(metavar="METHOD", hidden=True)],
    data: Data,
    *,
    rounds: Annotated[int | None, typer.Option(metavar="N", help="Rounds.")] = None,
    clients: Clients = None,
    participation: Annotated[
        float | None, typer.Option(metavar="F", help="Share of the clients in a round, above 0, up to 1.")
    ] = None,
    partition: Partition = None,
    missing: Missing = None,
    missing_test: MissingTest = None,
    labels: Labels = None,
    proxy: Proxy = None,
    validation: Annotated[
        float | None,
        typer.Option(metavar="F", help="Share of each client's training rows that stands in for all tests."),
    ] = None,
    modalities: Modalities = None,
    features: Features = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Local epochs in a round.")] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="Rows in a local step.")] = None,
    lr: Annotated[
        float | None,
        typer.Option(metavar="F", help="Learning rate of local training; the method's own, mostly 0.1, if not given."),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed of everything that is drawn.")] = None,
    engine: EngineName = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Processes; if not given, as many as there are cores, where that is faster. No result depends on it.",
        ),
    ] = None,
    stack: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Clients computed together, 1 for one at a time; if not given, measured. May change the last bits of"
            " results.",
        ),
    ] = None,
    device: Device = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Further setting, may be repeated; 'counterpoint methods METHOD' has them.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Run folder; if not given, one in runs/.")] = None,
    report: Report = True,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="[NAME]",
            help="With a NAME: take the settings that this profile has for the method, where no option says otherwise;"
            " 'counterpoint sweep' makes profiles. Without: also print where the time went.",
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON, no table.")] = False,
) -> None:
    """Run a method on a data set.

    METHOD is a name that 'counterpoint methods' lists, or FILE.py, or FILE.py:CLASS.
    """
    further = parsed(settings or ())
    from counterpoint import runs
    from counterpoint.cli.outcome import show
    from counterpoint.cli.progress import choose_watcher
    from counterpoint.cli.reading import reading
    from counterpoint.cli.stopping import stoppable

    options: dict[str, Any] = {
        "rounds": rounds,
        "clients": clients,
        "participation": participation,
        "partition": partition,
        "missing": missing,
        "missing_test": missing_test,
        "labels": labels,
        "proxy": proxy,
        "validation": validation,
        "modalities": None if modalities is None else listed(modalities),
        "features": None if features is None else parsed(listed(features), "--features", "text=minilm"),
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "seed": seed,
        "engine": engine,
        "workers": workers,
        "stack": stack,
        "device": device,
        "out": out,
    }
    for name in ("epochs", "batch_size", "lr"):
        if options[name] is not None and f"train.{name}" in further:
            flag = name.replace("_", "-")
            raise UserError(f"--{flag} and --set train.{name} both say how clients train: give one of them")
    given = {name: value for name, value in options.items() if value is not None}
    if profile:
        further = {**_of_profile(profile, method, given, further), **further}
    watcher = choose_watcher(quiet=quiet)
    with stoppable(watcher), reading(quiet=quiet):
        result = runs.run(method, data, **given, settings=further, watcher=watcher)
    show(result, quiet=quiet, as_json=as_json, report=report, profile=profile == "")


def _of_profile(profile: str, method: str, given: Mapping[str, Any], further: Mapping[str, str]) -> dict[str, Any]:
    """The settings of a profile that no option says; those of a variant that `--set` names, if it has them.

    Raises:
        UserError: there is no such profile, or it has none for the method.
    """
    from counterpoint.experiments.tuning.profiles import methods_in, profile_settings

    told = ",".join(f"{key}={value}" for key, value in further.items())
    settings = profile_settings(profile, method, f"{method}[{told}]")
    if settings is None:
        known = ", ".join(methods_in(profile)) or "no method at all"
        raise UserError(f"profile {profile!r} has no settings for {method}, but for {known}")
    said = {f"train.{name}" for name in given}
    return {key: value for key, value in settings.items() if key not in said}
