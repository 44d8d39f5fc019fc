"""Where the time went."""

from collections.abc import Mapping

from counterpoint.report import units
from counterpoint.report.draw.bars import grouped
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.record import Record


def profile(record: Record) -> Section:
    """Seconds by phase."""
    until = "" if record.finished else " up to the last checkpoint"
    lead = f"Seconds on the machine that ran it{until}, over all processes that worked on the run."
    found = seconds_by_phase(record.profile)
    return Section("profile", "Where the time went", lead, plots=[found] if found else [])


def seconds_by_phase(spent: Mapping[str, float]) -> Plot | None:
    """Seconds by phase, the longest first."""
    if not spent:
        return None
    total = sum(spent.values()) or 1.0
    rows = {phase: {"seconds": spent[phase]} for phase in sorted(spent, key=lambda phase: -spent[phase])}
    told = "; ".join(f"{phase}: {units.duration(v['seconds'])}" for phase, v in rows.items())
    svg = grouped("profile", f"Seconds by phase, bars. {told}.", rows, units.duration, unit=0.26)
    cells = [[p, units.duration(v["seconds"]), units.percent(v["seconds"] / total)] for p, v in rows.items()]
    return Plot("By phase", svg, f"{units.duration(total)} in all.", Table(["phase", "time", "share"], cells))
