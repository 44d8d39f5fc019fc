"""The top of the page: what is compared, and how far it is."""

from collections.abc import Sequence
from pathlib import Path

from counterpoint.experiments import Condition
from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence, scale_of
from counterpoint.report.parts import Card, CardGroup
from counterpoint.report.people import mapping


def title(evidence: Evidence) -> str:
    """Of the page: its own, or what is compared in few words."""
    if evidence.results.comparison.title:
        return evidence.results.comparison.title
    names = list(dict.fromkeys(Path(condition.data).name for condition in evidence.conditions))
    data = in_a_row(names) if len(names) < 4 else units.many(len(names), "data set")
    return f"{units.many(len(evidence.variants), 'method')} on {data}"


def state(evidence: Evidence) -> str:
    """Whether all runs are finished."""
    results = evidence.results
    every = len(results.outcomes) + len(results.failures) + len(results.missing)
    if len(results.outcomes) == every:
        return f"finished: {units.many(every, 'run')}"
    left = {"failed": len(results.failures), "not done yet": len(results.missing)}
    told = ", ".join(f"{count} {what}" for what, count in left.items() if count)
    return f"not finished: {len(results.outcomes)} of {units.many(every, 'run')}; {told}"


def facts(evidence: Evidence) -> list[tuple[str, str]]:
    """What is compared, as short terms."""
    comparison = evidence.results.comparison
    settings = "as given, none tuned"
    if comparison.tune:
        settings = f"tuned: {units.many(comparison.tune, 'trial')} for each method on each data"
    elif comparison.profile:
        settings = f"of the profile {comparison.profile}"
    versions = {str(mapping(told.get("versions")).get("counterpoint", "")) for told in evidence.populations.values()}
    rounds = sorted({outcome.case.config.rounds for outcome in evidence.results.outcomes})
    found = {
        "methods": ", ".join(variant.label for variant in evidence.variants),
        "data": "; ".join(condition.label for condition in evidence.conditions),
        "seeds": ", ".join(map(str, comparison.seeds)),
        "rounds": ", ".join(map(str, rounds)),
        "compared with": evidence.reference if len(evidence.variants) > 1 else "",
        "settings": settings,
        "Counterpoint": ", ".join(sorted(versions - {""})),
    }
    return [(what, text) for what, text in found.items() if text]


def headline(evidence: Evidence) -> list[CardGroup]:
    """The best of each column, and how much was done."""
    outcomes = evidence.results.outcomes
    every = len(outcomes) + len(evidence.results.failures) + len(evidence.results.missing)
    seconds, sent = sum(o.seconds for o in outcomes), sum(o.sent for o in outcomes)
    cards = [
        Card("runs", f"{len(outcomes)}" if len(outcomes) == every else f"{len(outcomes)} of {every}", "finished"),
        Card("time", units.duration(seconds), "of all runs, added up"),
        Card("sent", units.size(sent), "in all runs, up and down"),
    ]
    best = [card for condition in evidence.conditions if (card := _best(evidence, condition))]
    done = CardGroup("What it cost", "every method on every data, once a seed", cards)
    return (
        [CardGroup("Best on the global test", "mean over seeds, after the last round", best), done] if best else [done]
    )


def _best(evidence: Evidence, condition: Condition) -> Card | None:
    labels, cells = evidence.column(condition)["best"], evidence.cells(condition)
    if not labels or len(cells) < 2:
        return None
    scale = scale_of(condition)
    score = scale.value(cells[labels[0]]["scores"]["held-out"]["mean"])
    return Card(condition.label, score, f"{scale.words}: {in_a_row([evidence.looks[label].name for label in labels])}")


def in_a_row(names: Sequence[str]) -> str:
    """Names as a sentence has them: `a`, `a and b`, `a, b and c`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
