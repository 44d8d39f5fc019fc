"""Every method on the core suite of data sets."""

from benchmarks.results.cells import score
from counterpoint.experiments import Results
from counterpoint.experiments.numbers import numbers

HEAD = """# Core suite

[core.toml](../benchmarks/comparisons/core.toml), seeds 0, 1, 2: every method that learns from labels of clients, on
five real data sets, all modalities. The same settings for all methods on a data set (see below), and **none was
tuned**, so the table says how methods do out of the box; `fedcmi` has its profile `small`, whose numbers come of
searches on validation rows of three of these sets. Scores are of the global test (of `local` the mean over the clients'
own models): accuracy, for `support2` AUC. "Rank" is the mean over the five columns, 1 being the best.
"""


def page(results: Results) -> str:
    """The table, and what ranks say."""
    conditions = results.comparison.conditions
    told = numbers(results)
    ranks = told["ranks"]["mean_rank"] if told["ranks"] else {}
    names = " | ".join(condition.data for condition in conditions)
    head = f"| method | {names} | rank |\n| --- | {'---: | ' * len(conditions)}---: |"
    lines = []
    for method in results.comparison.variants:
        cells = [score(results, method, condition) for condition in conditions]
        rank = f"{ranks[method.label]:.1f}" if method.label in ranks else "–"
        lines.append(f"| `{method.label}` | {' | '.join(cells)} | {rank} |")
    if told["ranks"]:
        p, gap = told["ranks"]["friedman_p"], told["ranks"]["critical_difference"]
        said = f"Friedman's test that all are alike: p {p:.3f}. Nemenyi's critical difference of ranks: {gap:.1f}."
    else:
        said = told["no_ranks"]
    return "\n".join([HEAD, head, *lines, "", said, ""])
