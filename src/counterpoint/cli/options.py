"""Options that several commands have, and how texts of options are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from counterpoint.errors import UserError

PARTITIONS = "natural, or parts joined by +: dirichlet:A, quantity:A, pathological:N, owner:A, iid."
MISSING = "none, client:RATE, client:PATTERN:N,..., sample:RATE, sample:RATE:label, sample:RATE:MODALITY, time:RATE."

Data = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="Data set, see 'counterpoint data list', or NAME:FOLDER, or a folder of your own."
    ),
]
Partition = Annotated[str | None, typer.Option(metavar="P", help=PARTITIONS)]
Clients = Annotated[int | None, typer.Option(metavar="N", help="Clients; if not given, all natural ones, or 10.")]
Missing = Annotated[str | None, typer.Option(metavar="M", help=f"Modalities missing: {MISSING}")]
MissingTest = Annotated[
    str | None, typer.Option(metavar="M", help="The same for tests, where it is another than in training.")
]
Labels = Annotated[
    str | None, typer.Option(metavar="L", help="Who has labels: all, server, or rate:SHARE of a client's rows.")
]
Proxy = Annotated[float | None, typer.Option(metavar="F", help="Share of training rows that all hold, without labels.")]
Modalities = Annotated[str | None, typer.Option(metavar="A,B", help="Use these modalities alone.")]
Features = Annotated[
    str | None,
    typer.Option(metavar="A=NAME", help="Frozen encoder in a modality's place: text=minilm, image=hf:FOLDER."),
]
EngineName = Annotated[str | None, typer.Option(metavar="NAME", help="stacked or sequential.")]
Device = Annotated[str | None, typer.Option(metavar="NAME", help="cpu or cuda.")]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Runs at a time; if not given, one a core. No result depends on it."),
]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder; if not given, one in runs/.")]
Report = Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, no table.")]


def listed(text: str) -> list[str]:
    """The parts of a text between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def parsed(settings: Sequence[str], option: str = "--set", example: str = "train.momentum=0.9") -> dict[str, str]:
    """What `--set` and its like say, by key; of a key that is given twice, the last value.

    Raises:
        UserError: one has no `=`.
    """
    pairs = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UserError(f"{option} {setting}: write {option} KEY=VALUE, for example {option} {example}")
        pairs[key.strip()] = value.strip()
    return pairs
