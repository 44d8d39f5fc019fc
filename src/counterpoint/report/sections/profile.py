"""Where the time went."""

from collections.abc import Mapping, Sequence

from counterpoint.report import costs, units
from counterpoint.report.costs import Kind
from counterpoint.report.draw.bars import grouped
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.record import Record


def profile(record: Record) -> Section:
    """Seconds by kind of work, and how it was done; by phase, where no more is known."""
    until = "" if record.finished else " up to the last checkpoint"
    lead = f"Seconds on the machine that ran it{until}, over all processes that worked on the run."
    found = costs.kinds(record.profile)
    if not found:
        plot = seconds_by_phase(record.profile.get("phases", {}))
        return Section("profile", "Where the time went", lead, plots=[plot] if plot else [])
    facts = [("processes", costs.processes(record.profile)), ("steps", costs.recordings(record.profile))]
    if measured := list(costs.stacks(record.config.method, record.profile)):
        facts.append(("stacks, as measured", "\n".join(measured)))
    plots = [seconds_by_kind(found, costs.clock(record.profile))]
    return Section("profile", "Where the time went", lead, facts=facts, plots=plots)


def seconds_by_kind(found: Sequence[Kind], note: str) -> Plot:
    """What each kind of work costs a client-round, the most first; in all, where no client was visited."""
    each = all(kind.each is not None for kind in found)
    title = "By kind of work, a client-round" if each else "By kind of work"
    rows = {kind.name: {"seconds": kind.seconds if kind.each is None else kind.each} for kind in found}
    told = "; ".join(f"{name}: {units.brief(value['seconds'])}" for name, value in rows.items())
    svg = grouped("profile", f"{title}, bars. {told}.", rows, units.brief, unit=0.26)
    cells = [
        [
            kind.name,
            kind.what,
            units.brief(kind.seconds),
            units.percent(kind.share),
            *([units.brief(kind.each)] if kind.each is not None else []),
        ]
        for kind in found
    ]
    head = ["kind", "what it is", "time", "share", *(["a client-round"] if each else [])]
    return Plot(title, svg, note, Table(head, cells, words=2))


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
