"""The page of one data set."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from counterpoint.data.modality import Kind
from counterpoint.data.population import Dataset, Population
from counterpoint.report.dataset.dealt import dealt
from counterpoint.report.dataset.pictures import pictures
from counterpoint.report.dataset.rows import rows, sizes
from counterpoint.report.dataset.sample import Sense, senses
from counterpoint.report.dataset.signals import signals
from counterpoint.report.dataset.sounds import sounds
from counterpoint.report.dataset.tables import tables
from counterpoint.report.dataset.texts import texts
from counterpoint.report.page import fill
from counterpoint.report.parts import Code, Section
from counterpoint.report.sections.origin import card_section
from counterpoint.report.sections.population import people_section
from counterpoint.runs.describe import describe

MADE = "Samples are training rows, a few of each class by chance; a number is the same row in every section. Made"

KINDS: Mapping[Kind, Callable[[Sense], Section]] = {
    "image": pictures,
    "text": texts,
    "audio": sounds,
    "sequence": signals,
    "table": tables,
}


def render(
    dataset: Dataset, population: Population | None, name: str, options: Mapping[str, Any], seed: int, why: str
) -> str:
    """The page as HTML.

    Args:
        dataset: what is shown.
        population: how it was dealt out; None where it was not.
        name: by which the data set is asked for.
        options: of `populate` that were given.
        seed: of dealing, and of the choice of samples.
        why: it was not dealt out, if somebody tried.
    """
    told = {} if population is None else describe(population, "")
    nobody = Section("population", "Population", facts=[("not dealt out", why)] if why else [])
    sections = [
        card_section(vars(dataset.card)),
        rows(dataset),
        *(KINDS[sense.modality.kind](sense) for sense in senses(dataset, seed)),
        people_section(told) if population else nobody,
        Section("again", "To do it again", codes=[Code("Command", command(name, options, seed))]),
    ]
    values = {
        "title": dataset.name,
        "name": "data set",
        "lead": dataset.card.title,
        "state": "",
        "facts": chips(population, options, seed),
        "groups": [sizes(dataset), *([dealt(told)] if population else [])],
        "sections": [section for section in sections if section],
        "made": MADE,
        "reading": "",
    }
    return fill(values)


def chips(population: Population | None, options: Mapping[str, Any], seed: int) -> list[tuple[str, str]]:
    """How it was dealt out, as short terms."""
    named = {"missing_test": "missing at test"}
    found = {"partition": "natural" if population else "not dealt out", "missing": "none", **options, "seed": seed}
    return [(named.get(what, what), str(value)) for what, value in found.items()]


def command(name: str, options: Mapping[str, Any], seed: int) -> str:
    """The command that makes this page."""
    flags = {**options, **({"seed": seed} if seed else {})}
    words = [f"--{flag.replace('_', '-')} {shlex.quote(str(value))}" for flag, value in flags.items()]
    return " ".join(["counterpoint data show", shlex.quote(name), *words, "--out FILE.html"])
