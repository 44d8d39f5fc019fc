"""What it takes to do the same again: configuration, command, versions, data card."""

from collections.abc import Iterable, Mapping
from typing import Any

from counterpoint.report import units
from counterpoint.report.command import reproduce
from counterpoint.report.parts import Code, Section
from counterpoint.report.people import mapping
from counterpoint.report.record import Record

SHORT = 30
"""Texts shorter than this are listed in one line."""


def origin(record: Record) -> Section:
    """The command, the configuration, and versions."""
    versions = mapping(record.population.get("versions"))
    facts = [(f"{name} version", str(version)) for name, version in versions.items()]
    if print_of := record.population.get("fingerprint"):
        facts.append(("fingerprint of the data", str(print_of)))
    codes = [reproduce(record.config), Code("config.toml", record.config_text)]
    lead = "The whole configuration as it was resolved; nothing is implicit."
    return Section("again", "To do it again", lead, facts=facts, codes=codes)


def data_card(record: Record) -> Section:
    """What the data set is, where it comes from, and what to beware of."""
    return card_section(mapping(record.population.get("card")))


def card_section(card: Mapping[str, Any]) -> Section:
    """The same, out of the card's fields."""
    return Section("data", "Data card", facts=[(key, _text(value)) for key, value in card.items() if value])


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        told = [f"{key}: {_text(part)}" for key, part in value.items()]
        return _list(told) if any(isinstance(part, str) for part in value.values()) else ", ".join(told)
    if isinstance(value, list | tuple):
        told = [_text(part) for part in value]
        return ", ".join(told) if all(len(part) < SHORT and "," not in part for part in told) else _list(told)
    return units.number(value) if isinstance(value, int | float) else str(value)


def _list(parts: Iterable[str]) -> str:
    return "\n".join(f"• {part}" for part in parts)
