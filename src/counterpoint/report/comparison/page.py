"""The page of one comparison."""

from collections.abc import Callable

from counterpoint.report.comparison.balance import balance
from counterpoint.report.comparison.clients import clients
from counterpoint.report.comparison.costs import costs
from counterpoint.report.comparison.curves import rounds, worth
from counterpoint.report.comparison.differences import differences
from counterpoint.report.comparison.evidence import Evidence
from counterpoint.report.comparison.headline import facts, headline, state, title
from counterpoint.report.comparison.origin import again, data, failed, tuned
from counterpoint.report.comparison.patterns import patterns
from counterpoint.report.comparison.ranks import ranks
from counterpoint.report.comparison.scores import scores
from counterpoint.report.page import fill
from counterpoint.report.parts import Section

SECTIONS: tuple[Callable[[Evidence], Section], ...] = (
    failed,
    scores,
    differences,
    ranks,
    rounds,
    worth,
    clients,
    patterns,
    balance,
    costs,
    tuned,
    again,
    data,
)


def render(evidence: Evidence) -> str:
    """The page of a comparison as HTML."""
    whole = not evidence.results.failures and not evidence.results.missing
    return fill(
        {
            "title": title(evidence),
            "name": evidence.name,
            "lead": "",
            "state": state(evidence),
            "finished": whole,
            "facts": facts(evidence),
            "groups": headline(evidence),
            "sections": [section for section in (make(evidence) for make in SECTIONS) if section],
            "made": "Made of the files in the comparison's folder",
            "reading": "A score between 0% and 100%; pp is percentage points; kB is 1000 bytes.",
        }
    )
