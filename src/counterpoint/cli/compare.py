"""`counterpoint compare`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterpoint.cli.console import stdout
from counterpoint.cli.options import MISSING, PARTITIONS, Device, EngineName, Out, Quiet, Report, listed, parsed
from counterpoint.errors import UserError

if TYPE_CHECKING:
    from counterpoint.experiments import Comparison, Store

SEVERAL = ("--data", "--partition", "--clients", "--missing", "--missing-test", "--labels", "--proxy", "--modalities")
"""Options that take several values, one after another: a column for each, or for each combination."""
FAILED = 1
RUNS = Path("runs")


def compare(
    methods: Annotated[list[str], typer.Argument(metavar="METHOD...", hidden=True)],
    data: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="Data sets, or folders of your own.")
    ] = None,
    *,
    seeds: Annotated[
        str | None, typer.Option(metavar="N", help="So many seeds, from 0; or which: 3,4,5. [default: 3]")
    ] = None,
    partition: Annotated[list[str] | None, typer.Option(metavar="P...", help=PARTITIONS)] = None,
    clients: Annotated[list[int] | None, typer.Option(metavar="N...", help="Clients.")] = None,
    missing: Annotated[list[str] | None, typer.Option(metavar="M...", help=f"Modalities missing: {MISSING}")] = None,
    missing_test: Annotated[
        list[str] | None, typer.Option(metavar="M...", help="The same for tests, where it is another.")
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option(metavar="L...", help="Who has labels: all, server, rate:SHARE.")
    ] = None,
    proxy: Annotated[
        list[float] | None, typer.Option(metavar="F...", help="Share of training rows that all hold, without labels.")
    ] = None,
    modalities: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B...", help="Use these modalities alone; 'all' for all of them: all acc gyro."),
    ] = None,
    features: Annotated[
        str | None, typer.Option(metavar="A=NAME", help="Frozen encoder whose features take a modality's place.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(metavar="N", help="Rounds. [default: 40]")] = None,
    participation: Annotated[
        float | None, typer.Option(metavar="F", help="Share of the clients in a round. [default: 1]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Local epochs in a round. [default: 2]")] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="Rows in a local step. [default: 16]")] = None,
    lr: Annotated[
        float | None,
        typer.Option(metavar="F", help="Learning rate of the clients; each method's own, mostly 0.1, if not given."),
    ] = None,
    engine: EngineName = None,
    stack: Annotated[int | None, typer.Option(metavar="N", help="Clients computed together.")] = None,
    device: Device = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Setting for all methods, may be repeated.")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="M",
            help="accuracy, macro_f1, auc, or loss; of methods that align modalities also recall@1, recall@5,"
            " recall@10, median_rank, contrastive, or batch_recall@1. [default: accuracy]",
        ),
    ] = None,
    tune: Annotated[
        int | None, typer.Option(metavar="N", help="Trials to find settings with, for each method on each data.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Settings by name, for each method that has some there.")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Of the report.")] = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Runs at a time; if not given, one a core.")
    ] = None,
    out: Out = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do two rounds of each method on each data, and say what all would cost.")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="Print more than the main table.")] = False,
    report: Report = True,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as one line of JSON, no table.")] = False,
) -> None:
    """Compare methods on data sets over seeds.

    METHOD is a name that 'counterpoint methods' lists, or FILE.py:CLASS, and may have settings of its own, as in
    'fedprox[mu=0.1]'; or name one FILE.toml that says all of it. What is finished in the folder is found again; what
    was interrupted goes on; what fails is named and does not stop the rest.
    """
    grid = {
        "partition": partition,
        "clients": clients,
        "missing": missing,
        "missing_test": missing_test,
        "labels": labels,
        "proxy": proxy,
        "modalities": modalities,
        "features": None if features is None else [parsed(listed(features), "--features", "text=minilm")],
    }
    shared = {
        "seeds": None if seeds is None else _seeds(seeds),
        "rounds": rounds,
        "participation": participation,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "engine": engine,
        "stack": stack,
        "device": device,
        "settings": parsed(settings) if settings else None,
        "measure": measure,
        "tune": tune,
        "profile": profile,
        "title": title,
    }
    comparison, name = _read(methods, data, _given(grid), _given(shared))
    from counterpoint.experiments.pool import cores

    folder = out or RUNS / name
    if dry_run:
        from counterpoint.cli.dryrun import show_cost

        show_cost(comparison, folder, jobs or cores(), quiet=quiet, as_json=as_json)
        return
    _go(comparison, folder, jobs or cores(), details=details, report=report, quiet=quiet, as_json=as_json)


def _go(
    comparison: "Comparison", out: Path, jobs: int, *, details: bool, report: bool, quiet: bool, as_json: bool
) -> None:
    from counterpoint.cli.comparison import print_results
    from counterpoint.cli.grid import choose_observer
    from counterpoint.cli.reading import reading
    from counterpoint.cli.sweeping import choose_observer as choose_search_observer
    from counterpoint.experiments import Store, cases
    from counterpoint.experiments.numbers import numbers
    from counterpoint.experiments.ready import ready
    from counterpoint.experiments.statistics import distributions
    from counterpoint.experiments.whole import carry_out
    from counterpoint.runs import Stopped

    distributions()
    with reading(quiet=quiet):
        ready(comparison)
    cases(comparison)  # what is wrong with any is said before anything is begun
    store = Store.create(out, comparison)
    try:
        results = carry_out(
            comparison,
            store,
            jobs=jobs,
            observer=choose_observer(quiet=quiet),
            search_observer=choose_search_observer(quiet=quiet),
        )
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(130) from stopped
    found = numbers(results)
    store.write_results(found)
    if as_json:
        typer.echo(json.dumps(found, allow_nan=False))
    page = _page(store) if report else None
    if not (quiet or as_json):
        print_results(stdout(), results, details=details)
        for label, fact in (("folder", store.path), ("report", page)):
            if fact is not None:
                stdout().print(f" {label:8}{fact}", soft_wrap=True)
    if results.failures:
        for name, why in results.failures.items() if quiet or as_json else ():
            typer.echo(f"failed: {name}: {why}", err=True)
        raise typer.Exit(FAILED)


def _page(store: "Store") -> Path | None:
    from counterpoint.report import write_comparison

    try:
        return write_comparison(store.path)
    except UserError as error:
        typer.echo(f"no report was written: {error}", err=True)
        return None


def _read(
    methods: Sequence[str], data: Sequence[str] | None, grid: dict[str, Any], shared: dict[str, Any]
) -> tuple["Comparison", str]:
    """What is compared, and the name of its folder."""
    from counterpoint.experiments import Comparison

    if any(method.endswith(".toml") for method in methods):
        if len(methods) > 1 or data or grid or shared:
            raise UserError(f"{methods[0]} says what is compared: leave out all but --out, --jobs and what to show")
        return Comparison.read(Path(methods[0])), f"compare-{Path(methods[0]).stem}"
    if not data:
        raise UserError("missing option '--data': see 'counterpoint compare --help'")
    comparison = Comparison.of({"methods": list(methods), "data": [{"name": n, **grid} for n in data], **shared})
    return comparison, comparison.name


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != []}


def _seeds(text: str) -> int | list[int]:
    try:
        found = [int(part) for part in listed(text)]
    except ValueError as error:
        raise UserError(f"--seeds {text}: give a number of seeds, or the seeds with commas between them") from error
    return found if "," in text else found[0]


def spread(arguments: Sequence[str]) -> list[str]:
    """`--data a b` as `--data a --data b`, for every option that takes several values."""
    found: list[str] = []
    option, has_one = "", False
    for word in arguments:
        if word.startswith("-") and word != "-":
            name, equals, _ = word.partition("=")
            option, has_one = (name if name in SEVERAL else ""), bool(equals)
        elif option:
            found += [option] if has_one else []
            has_one = True
        found.append(word)
    return found
