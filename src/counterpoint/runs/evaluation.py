"""Scoring the models of a run, and naming what comes out."""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from counterpoint.engines import Engine
from counterpoint.evaluate import OBSERVED, Metric, MetricName, Tally, balance, client_scope, spread
from counterpoint.evaluate.metric import ModelKind, Moment, Split
from counterpoint.methods.scoring import Scoring

Scores = dict[str, dict[str, float]]
"""By pattern, by measure."""

VALIDATION: dict[Split, Split] = {"test": "validation", "global_test": "global_validation"}
"""What splits are called where training rows stand in for tests."""
LESS_IS_BETTER = frozenset({"loss", "class_std", "contrastive"})
CLIENT_ROWS_EVERY_TIME = 50
"""Up to so many clients, each one's scores are recorded at every evaluation; of more, after the last round only."""
SPREAD = (
    "accuracy",
    "macro_f1",
    "auc",
    "loss",
    "class_std",
    "fusion_gap",
    "contribution",
    "majority",
    "confidence",
    "contrastive",
    "batch_recall@1",
)
"""Measures of which mean, worst and deviation over clients are recorded."""
OF_OTHERS = ("accuracy", "macro_f1")
"""Measures of a method's further models."""
BY_CLASS = "confidence["
"""Of measures by class, only their means over clients are."""


def scores_of(sums: Mapping[str, Tensor]) -> Scores:
    """Scores by pattern out of what a scoring program sent."""
    names = sorted(key.removesuffix("/confusion") for key in sums if key.endswith("/confusion"))
    found = {}
    for name in names:
        cells = sums[f"{name}/confusion"]
        classes = round(cells.numel() ** 0.5)
        histogram = sums.get(f"{name}/histogram")
        ranks = None if histogram is None else histogram.reshape(classes, -1).cpu()
        found[name] = Tally(cells.reshape(classes, classes).cpu(), sums[f"{name}/loss"].cpu(), ranks).scores()
    return found


def evaluate(engine: Engine, *, last: bool, after: bool) -> list[Metric]:
    """All scores of the run's models at this moment.

    A global model is scored on the global test and, `before` local training, on every client's own test; after the
    last round also `after` local training there, if `after` says so. Personal models, and those of peers, are scored on
    every client's own test and on the global test. All clients count, not only those that took part in the round. Where
    training rows stand in for tests, the names say so.

    Args:
        engine: with the method's state.
        last: whether this is the last round.
        after: whether a global model is scored after local training too.
    """
    method = engine.method
    every = last or len(engine.clients) <= CLIENT_ROWS_EVERY_TIME
    found: list[Metric] = []
    named = {split: VALIDATION[split] if engine.population.validation else split for split in VALIDATION}

    def scored(sums: Mapping[str, Tensor], split: Split) -> Scores:
        found = scores_of(sums)
        for pattern, told in method.more_scores(sums).items():
            found.setdefault(pattern, {}).update(told)
        if split == "global_test" and f"{OBSERVED}/confusion" in sums:
            for pattern, told in balance(sums, engine.model.modalities, engine.population.task.classes).items():
                found[pattern] |= told
        return found

    def over_clients(program: str, model: ModelKind, split: Split, moment: Moment) -> None:
        by_client: dict[int, Scores] = {}
        sums: dict[int, Mapping[str, Tensor]] = {}
        for some in _asked_together(engine, engine.testable, split):
            answers = engine.ask(some, getattr(method, program), method.offer())
            by_client |= {client: scored(answer.sums, split) for client, answer in answers.items()}
            if type(method).across is not Scoring.across:
                sums |= {client: answer.sums for client, answer in answers.items()}
        for (measure, pattern), value in method.across(sums).items():
            across = MetricName(measure, model, "clients:mean", named[split], pattern, moment)
            found.append(Metric(engine.round, across, value))
        found.extend(_client_metrics(engine.round, by_client, model, named[split], moment, each=every))

    if method.model_kind != "global":
        over_clients("score_after", method.model_kind, "test", "after")
        if len(engine.population.test):
            over_clients("score_after_global", method.model_kind, "global_test", "after")
        return found
    if served(engine):
        whole = scored(method.tally(engine.server, method.weights, "global_test"), "global_test")
        for pattern, scores in whole.items():
            for measure, value in scores.items():
                name = MetricName(measure, "global", "server", named["global_test"], pattern, "before")
                found.append(Metric(engine.round, name, value))
        for (measure, pattern), value in method.measures(engine.server, last=last).items():
            name = MetricName(measure, "global", "server", named["global_test"], pattern, "before")
            found.append(Metric(engine.round, name, value))
        for other, weights in method.others().items():
            for pattern, scores in scores_of(method.tally(engine.server, weights, "global_test")).items():
                for measure in (m for m in OF_OTHERS if m in scores):  # of a pattern without rows there is none
                    name = MetricName(
                        f"{measure}[{other}]", "global", "server", named["global_test"], pattern, "before"
                    )
                    found.append(Metric(engine.round, name, scores[measure]))
    over_clients("score_before", "global", "test", "before")
    if last and after and not method.needs_pool:
        over_clients("score_after", "global", "test", "after")
    return found


def served(engine: Engine) -> bool:
    """Whether the server has a model that can be scored, and a global test."""
    whole = not (engine.model.has_buffers and engine.model.buffers == "local")
    return engine.method.model_kind == "global" and len(engine.population.test) > 0 and whole


def _asked_together(engine: Engine, clients: Sequence[int], split: Split) -> Iterator[Sequence[int]]:
    """Clients in parts: all of them; of two classes one by one on the global test, each row of which is a histogram."""
    alone = split == "global_test" and len(engine.population.task.classes) == 2
    size = 1 if alone else max(1, len(clients))
    return (clients[first : first + size] for first in range(0, len(clients), size))


def _client_metrics(
    number: int, by_client: Mapping[int, Scores], model: ModelKind, split: Split, moment: Moment, *, each: bool
) -> Iterator[Metric]:
    if each:
        for client, scores in by_client.items():
            for pattern, values in scores.items():
                for measure, value in values.items():
                    if not measure.startswith(BY_CLASS):
                        name = MetricName(measure, model, client_scope(client), split, pattern, moment)
                        yield Metric(number, name, value)
    for pattern in sorted({p for scores in by_client.values() for p in scores}):
        by_class = {m for s in by_client.values() for m in s.get(pattern, ()) if m.startswith(BY_CLASS)}
        for measure in (*SPREAD, *sorted(by_class)):
            found = [s[pattern][measure] for s in by_client.values() if measure in s.get(pattern, {})]
            if measure in by_class:
                name = MetricName(measure, model, "clients:mean", split, pattern, moment)
                yield Metric(number, name, spread(found)["mean"])
            elif found:
                worst = "max" if measure in LESS_IS_BETTER else "min"
                for how, value in spread(found, worst).items():
                    yield Metric(number, MetricName(measure, model, f"clients:{how}", split, pattern, moment), value)


def traffic_metrics(
    number: int, traffic: Mapping[tuple[str, int, str], int], measure: str, *, each: bool
) -> list[Metric]:
    """Bytes up and down, by block: over all clients, and of each client if `each`."""
    found: list[Metric] = []
    sums: dict[tuple[str, str], int] = {}
    for (direction, client, block), size in sorted(traffic.items()):
        sums[direction, block] = sums.get((direction, block), 0) + size
        if each:
            name = MetricName(f"{measure}_{direction}[{block}]", scope=client_scope(client))
            found.append(Metric(number, name, float(size)))
    for (direction, block), size in sorted(sums.items()):
        found.append(Metric(number, MetricName(f"{measure}_{direction}[{block}]", scope="clients:sum"), float(size)))
    return found
