"""The page of one run."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from counterpoint import __version__
from counterpoint.report.cells import cells
from counterpoint.report.headline import facts, headline, state
from counterpoint.report.parts import Section
from counterpoint.report.record import Record
from counterpoint.report.sections.clients import clients
from counterpoint.report.sections.energy import energy
from counterpoint.report.sections.exhibit import exhibit
from counterpoint.report.sections.imbalance import imbalance
from counterpoint.report.sections.network import network
from counterpoint.report.sections.notes import notes, refused
from counterpoint.report.sections.origin import data_card, origin
from counterpoint.report.sections.others import others
from counterpoint.report.sections.patterns import patterns
from counterpoint.report.sections.population import population
from counterpoint.report.sections.profile import profile
from counterpoint.report.sections.retrieval import retrieval
from counterpoint.report.sections.rounds import rounds
from counterpoint.report.sections.traffic import traffic
from counterpoint.report.sections.training_balance import training_balance
from counterpoint.report.sections.worth import worth

SECTIONS: tuple[Callable[[Record], Section], ...] = (
    rounds,
    network,
    clients,
    patterns,
    others,
    retrieval,
    exhibit,
    imbalance,
    training_balance,
    energy,
    worth,
    traffic,
    population,
    refused,
    notes,
    profile,
    origin,
    data_card,
)


def render(record: Record) -> str:
    """The page of a run as HTML."""
    return fill(
        {
            "title": f"{record.config.method} on {record.config.data.name}",
            "name": record.name,
            "lead": "",
            "state": state(record),
            "finished": record.finished,
            "facts": facts(record),
            "groups": headline(record),
            "sections": [section for section in (make(record) for make in SECTIONS) if section],
            "made": "Made of the files in the run folder",
            "reading": "A score between 0% and 100%; pp is percentage points; kB is 1000 bytes.",
        }
    )


def fill(values: Mapping[str, Any]) -> str:
    """The template filled in; everything but drawings, style sheets and Counterpoint's own scripts is escaped.

    One script sorts tables. A second one, and a style sheet of its own, are there where a drawing has steps. No other
    script runs: the page says the fingerprints of these.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(drawing=Markup, cells=cells)
    template = environment.from_string(_file("page.html"))
    names = ["page", *(["steps"] if any(plot.steps for s in values["sections"] for plot in s.plots) else [])]
    scripts = [_file(f"{name}.js").strip() for name in names]
    own = {
        "style": Markup("".join(_file(f"{name}.css") for name in names)),
        "scripts": [Markup(script) for script in scripts],
        "script_prints": Markup(" ".join(f"'{_fingerprint(script)}'" for script in scripts)),
    }
    return template.render(values, **own, version=__version__)


def _fingerprint(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _file(name: str) -> str:
    return files("counterpoint.report").joinpath(name).read_text(encoding="utf-8")
