"""The page of one run."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from counterpoint import __version__
from counterpoint.report.headline import facts, headline, state
from counterpoint.report.parts import Section
from counterpoint.report.record import Record
from counterpoint.report.sections.clients import clients
from counterpoint.report.sections.notes import notes, refused
from counterpoint.report.sections.origin import data_card, origin
from counterpoint.report.sections.patterns import patterns
from counterpoint.report.sections.population import population
from counterpoint.report.sections.profile import profile
from counterpoint.report.sections.rounds import rounds
from counterpoint.report.sections.traffic import traffic

SECTIONS: tuple[Callable[[Record], Section], ...] = (
    rounds,
    clients,
    patterns,
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
    """The template filled in; everything but drawings and the style sheet is escaped."""
    here = files("counterpoint.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["drawing"] = Markup
    template = environment.from_string(here.joinpath("page.html").read_text(encoding="utf-8"))
    style = Markup(here.joinpath("page.css").read_text(encoding="utf-8"))
    return template.render(values, style=style, version=__version__)
