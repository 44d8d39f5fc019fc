"""The top of the page: what the run was, and its main numbers, each saying what it is."""

from counterpoint.evaluate import OBSERVED
from counterpoint.report import units
from counterpoint.report.devices import joules
from counterpoint.report.parts import Card, CardGroup
from counterpoint.report.people import people
from counterpoint.report.record import Record
from counterpoint.report.sections.retrieval import IN_BATCH, clients_of
from counterpoint.report.sections.traffic import totals
from counterpoint.report.select import last, one
from counterpoint.report.views import View, views
from counterpoint.runs.config import DataSettings


def facts(record: Record) -> list[tuple[str, str]]:
    """What the run was, as short terms."""
    config, count = record.config, len(people(record.population))
    each = max(1, round(config.participation * count))
    optimizer = config.options.get("optimizer", config.train.optimizer)
    share = f"{each} of them in each round" if each < count else "all in each round"
    return [
        ("rounds", units.number(config.rounds)),
        ("clients", f"{count}, {share}"),
        ("partition", config.data.partition),
        ("missing", config.data.missing),
        *_unusual(config.data),
        (
            "local training",
            f"{optimizer}, lr {config.train.lr:g}, {units.many(config.train.epochs, 'epoch')}",
        ),
        ("seed", str(config.seed)),
        ("engine", f"{config.engine} on {config.device}"),
    ]


def _unusual(data: DataSettings) -> list[tuple[str, str]]:
    """What most runs do not say about their data."""
    found = {
        "missing at test": data.missing_test,
        "labels": None if data.labels == "all" else data.labels,
        "proxy set": f"{data.proxy:g} of the training rows" if data.proxy else None,
        "validation": f"{data.validation:g} of the training rows stands in for all tests" if data.validation else None,
        "modalities": data.modalities and ", ".join(data.modalities),
        "features": ", ".join(f"{m} by {how}" for m, how in data.features.items()),
    }
    return [(what, text) for what, text in found.items() if text]


def state(record: Record) -> str:
    """Whether the run is finished."""
    total = units.many(record.config.rounds, "round")
    return (
        f"finished: {total}"
        if record.finished
        else f"not finished: after round {record.done} of {record.config.rounds}"
    )


def headline(record: Record) -> list[CardGroup]:
    """The main numbers, a group for each view, and what they cost."""
    groups = [_scores(record, view) for view in views(record.curves)]
    return [*groups, *_retrieval(record), _cost(record)]


def _scores(record: Record, view: View) -> CardGroup:
    curves = record.curves
    accuracy = view.score(curves, "accuracy")
    number, whole = accuracy[-1]
    f1, area = (view.score(curves, measure) for measure in ("macro_f1", "auc"))
    cards = []
    if view.over == "server":
        cards.append(Card("accuracy", units.percent(whole), "of all samples, as they are"))
        if f1:
            cards.append(Card("macro-F1", units.percent(last(f1)), "mean over classes"))
        if area:
            cards.append(Card("AUC", units.percent(last(area)), "area under the ROC curve"))
    else:
        worst, spread = (view.score(curves, "accuracy", f"clients:{how}") for how in ("worst", "std"))
        cards.append(Card("mean accuracy", units.percent(whole), "each client counts once"))
        if worst:
            cards.append(Card("worst client", units.percent(last(worst)), "lowest accuracy"))
        if spread:
            cards.append(Card("spread", units.points(last(spread)), "standard deviation over clients"))
        if f1:
            cards.append(Card("mean macro-F1", units.percent(last(f1)), "each client counts once"))
        if area:
            cards.append(Card("mean AUC", units.percent(last(area)), "of the clients whose test has both classes"))
    return CardGroup(view.what, f"{view.when}; state after round {number}", cards)


def _retrieval(record: Record) -> list[CardGroup]:
    """What finds what, of methods that align modalities."""
    curves = record.curves
    found = one(curves, measure="recall@1", pattern=OBSERVED)
    if not found:
        return []
    number, first = found[-1]
    cards = [Card("recall@1", units.percent(first), "found at once, mean of all directions")]
    if ten := one(curves, measure="recall@10", pattern=OBSERVED):
        cards.append(Card("recall@10", units.percent(last(ten)), "among the nearest 10"))
    if rank := one(curves, measure="median_rank", pattern=OBSERVED):
        cards.append(Card("median rank", units.number(last(rank)), "1 is best"))
    if worst := clients_of(curves, IN_BATCH).get("worst"):
        cards.append(Card("worst client", units.percent(last(worst)), "recall@1 within batches of its own test"))
    return [CardGroup("Retrieval on the global test", f"before local training; state after round {number}", cards)]


def _cost(record: Record) -> CardGroup:
    sums, seconds = totals(record.curves), record.profile.get("phases", {})
    until = "the whole run" if record.finished else f"rounds 1 to {record.done}"
    cards = [
        Card("bytes up", units.size(sums["up"]), "encoded packages, all clients"),
        Card("bytes down", units.size(sums["down"]), "encoded packages, all clients"),
    ]
    if used := joules(record.curves):
        cards.append(Card("energy", units.joules(sum(used.values())), "computing and sending, all clients"))
    if seconds:
        when = "training, evaluation and saving" if record.finished else "up to the last checkpoint"
        cards.append(Card("time", units.duration(sum(seconds.values())), when))
    return CardGroup("What it cost", until, cards)
