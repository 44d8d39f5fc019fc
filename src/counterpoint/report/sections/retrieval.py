"""How well modalities are aligned: what finds what, and how embeddings lie."""

from collections.abc import Iterator, Mapping, Sequence

from counterpoint.report import units
from counterpoint.report.draw.colours import DASHES, colour, marker
from counterpoint.report.draw.lines import Line
from counterpoint.report.parts import Plot, Section, Table
from counterpoint.report.people import mapping
from counterpoint.report.record import Record
from counterpoint.report.sections.mixture import mixture
from counterpoint.report.sections.rounds import SHARE, curve_plot
from counterpoint.report.select import Curves, Points, by, last, one, where
from counterpoint.report.views import COMMON, OWN

RECALLS = ("recall@1", "recall@5", "recall@10")
IN_BATCH = "batch_recall@1"
MEASURES = frozenset(
    {
        *RECALLS,
        "median_rank",
        "mean_reciprocal_rank",
        "contrastive",
        IN_BATCH,
        "alignment",
        "uniformity",
        "modality_gap",
        "mixture",
    }
)
PROBES = {"probe_accuracy[": "accuracy", "probe_macro_f1[": "macro-F1"}
MOST_DIRECTIONS = 2
"""Of more, recall is drawn as the mean over all."""
LEAD = (
    "A direction: each sample of the global test that has both modalities looks, by one of them, for its counterpart "
    "among all others, the nearest embedding first. Rank 1 is found at once; recall@5 is the share found among the "
    "five nearest. Of several with the same content each is right."
)


def of_alignment(curves: Curves, measure: str) -> bool:
    """Whether a measure is told here, and not among a method's notes."""
    return aligns(curves) and (measure in MEASURES or measure.startswith(tuple(PROBES)))


def aligns(curves: Curves) -> bool:
    """Whether retrieval was scored."""
    return bool(where(curves, measure="recall@1"))


def arrow(direction: str) -> str:
    """A direction as people read it: `image>text` is `image → text`."""
    return direction.replace(">", " → ")


def directions(curves: Curves, measure: str) -> dict[str, Points]:
    """A measure by round, by direction."""
    return {name: points for name, points in by("pattern", curves, measure=measure).items() if ">" in name}


def retrieval(record: Record) -> Section:
    """Retrieval, geometry and probes; nothing of a run that did not record them."""
    curves = record.curves
    if not aligns(curves):
        return Section("alignment", "Alignment of modalities")
    plots = [
        recall(curves),
        median_rank(curves),
        over_clients(curves, IN_BATCH, "Recall@1 within a batch"),
        over_clients(curves, "contrastive", "Contrastive loss"),
        mixture(record),
    ]
    facts = [*_found(record), *_in_batch(record), *_geometry(curves)]
    tables = [table] if (table := probes(curves)) else []
    return Section(
        "alignment", "Alignment of modalities", LEAD, facts=facts, plots=[p for p in plots if p], tables=tables
    )


def pairs(record: Record, direction: str) -> int | None:
    """How many pairs of the global test a direction was scored on; None where nothing tells."""
    both = set(direction.split(">"))
    for split in COMMON:
        pattern = "+".join(sorted(both))
        if told := one(record.curves, measure="samples", scope="server", split=split, pattern=pattern):
            return int(last(told))
    patterns = mapping(mapping(record.population.get("global_test")).get("patterns"))
    return sum(rows for pattern, rows in patterns.items() if both <= set(pattern.split("+"))) or None


def _found(record: Record) -> Iterator[tuple[str, str]]:
    """Recall and median rank by direction, beside what chance would have."""
    curves = record.curves
    for direction, ranks in directions(curves, "median_rank").items():
        shares = [units.percent(last(directions(curves, measure)[direction])) for measure in RECALLS]
        text = f"{_depths(shares)}; median rank {units.number(last(ranks))}."
        if n := pairs(record, direction):
            chances = [units.percent(min(1.0, depth / n)) for depth in (1, 5, 10)]
            text = f"Of {n:,} pairs, {text}\nBy chance {_depths(chances)}; median rank {units.number((n + 1) / 2)}."
        yield arrow(direction), text


def _in_batch(record: Record) -> Iterator[tuple[str, str]]:
    found = clients_of(record.curves, IN_BATCH)
    if not found:
        return
    text = f"{units.percent(last(found['mean']))} on average over clients"
    if "worst" in found:
        text = f"{units.percent(last(found['worst']))} at the worst client, {text}"
    rows = record.config.options.get("gallery")
    batches = f" of {rows} rows; by chance about {units.percent(1 / rows)}" if isinstance(rows, int) and rows else ""
    yield "within batches", f"{text}: how often the nearest is right, both directions, in batches{batches}."


def _geometry(curves: Curves) -> Iterator[tuple[str, str]]:
    said = {
        "alignment": "mean squared distance of the two halves of a pair; 0 is best, 2 that of independent directions",
        "modality_gap": "distance of the modalities' centres, from 0 to 2",
        "uniformity": "spread over the sphere; 0 is one point, about -4 evenly spread",
    }
    for measure, meaning in said.items():
        ends = {name: last(points) for name, points in by("pattern", curves, measure=measure).items()}
        if ends:
            values = ", ".join(f"{name.replace('+', ' and ')} {units.number(round(v, 3))}" for name, v in ends.items())
            yield measure.replace("_", " "), f"{values}: {meaning}."


def recall(curves: Curves) -> Plot | None:
    """Recall by round, a line a direction and depth."""
    caption = "On the global test. "
    drawn = []
    for k, measure in enumerate(RECALLS):
        found = directions(curves, measure)
        if len(found) > MOST_DIRECTIONS:
            found = {f"mean of {len(found)}": by("pattern", curves, measure=measure)["observed"]}
        for n, (direction, points) in enumerate(found.items()):
            label = f"{arrow(direction)} @{measure.partition('@')[2]}"
            drawn.append(Line(label, points, colour(n), DASHES[k], marker(k)))
    return curve_plot("recall", "Recall", caption + "A colour a direction, dashes a depth.", drawn, units.percent)


def median_rank(curves: Curves) -> Plot | None:
    """Median rank by round, a line a direction."""
    drawn = [
        Line(arrow(direction), points, colour(n % 7), DASHES[n // 7 % len(DASHES)], marker(n))
        for n, (direction, points) in enumerate(directions(curves, "median_rank").items())
    ]
    caption = "On the global test; 1 is best. Half of all samples find their counterpart at this rank or before."
    return curve_plot("median-rank", "Median rank", caption, drawn, units.number)


def over_clients(curves: Curves, measure: str, title: str) -> Plot | None:
    """A measure by round on the clients' own rows: mean with spread, and worst."""
    found = clients_of(curves, measure)
    if not found:
        return None
    spread = [value for _, value in found.get("std", ())]
    mean = found["mean"]
    drawn = [Line("mean", mean, colour(0), "-", marker(0), spread if len(spread) == len(mean) else ())]
    drawn.append(Line("worst client", found.get("worst", ()), colour(0), ":", marker(0)))
    value, bounds = (units.percent, SHARE) if measure == IN_BATCH else (units.number, None)
    caption = "On the clients' own tests, in batches. The band is one standard deviation over clients to either side."
    name = measure.replace("@", "-").replace("_", "-")
    return curve_plot(name, title, caption, drawn, value, bounds=bounds)


def clients_of(curves: Curves, measure: str) -> Mapping[str, Points]:
    """A measure on the clients' own tests by round: `mean`, `worst` and `std`; empty where there is none.

    Of a global model before local training, of personal models after it.
    """
    for model, moment in (("global", "before"), ("personal", "after")):
        for split in OWN:
            found = by("scope", curves, measure=measure, model=model, moment=moment, split=split)
            told = {scope.partition(":")[2]: v for scope, v in found.items() if scope.startswith("clients:")}
            if "mean" in told:
                return told
    return {}


def probes(curves: Curves) -> Table | None:
    """Linear probes after the last round, a row a pattern, a column a share of labels; None where there are none."""
    cells: dict[str, dict[tuple[str, float], float]] = {}
    for name, points in curves.items():
        for start, words in PROBES.items():
            if name.measure.startswith(start):
                share = float(name.measure.removeprefix(start).rstrip("]"))
                cells.setdefault(name.pattern, {})[words, share] = last(points)
    if not cells:
        return None
    columns = sorted({column for row in cells.values() for column in row})
    head = ["embeddings of", *(f"{words}, {100 * share:g}%" for words, share in columns)]
    order = sorted(cells, key=lambda pattern: (-pattern.count("+"), pattern))
    rows = [[p, *(units.percent(cells[p][c]) if c in cells[p] else units.UNKNOWN for c in columns)] for p in order]
    title = "Linear classifiers on frozen embeddings, on the global test, by the share of labels that they learn from"
    return Table(head, rows, title=title)


def _depths(shares: Sequence[str]) -> str:
    first, five, ten = shares
    return f"{first} are found at once, {five} among the nearest 5, {ten} among the nearest 10"
