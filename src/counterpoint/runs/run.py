"""One run: rounds, evaluation, saving, and going on after a death."""

import logging
import shlex
import time
from typing import Any

from counterpoint.engines import Engine
from counterpoint.engines.profile import AGGREGATION, EVALUATION
from counterpoint.errors import UserError
from counterpoint.evaluate import Metric, MetricName
from counterpoint.runs.checkpoint import load_checkpoint, save_checkpoint
from counterpoint.runs.config import RunConfig
from counterpoint.runs.describe import describe
from counterpoint.runs.evaluation import evaluate, served, traffic_metrics
from counterpoint.runs.exhibit import Moment, keep_exhibit
from counterpoint.runs.fingerprint import fingerprint
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.result import RunResult, summarise
from counterpoint.runs.spending import SAVING, Spending
from counterpoint.runs.stop import Stopped, StopRequest
from counterpoint.runs.table import final, read_metrics, write_metrics
from counterpoint.runs.watch import Watcher

LOG = logging.getLogger("counterpoint")
SAVING_SHARE = 0.1
"""At most this share of a run's time goes into checkpoints between the first and the last."""


class Run:
    """A run in its folder.

    Args:
        config: of the run.
        folder: where it lives.
        engine: with method, model and population, fresh.
        watcher: who looks on.
    """

    def __init__(self, config: RunConfig, folder: RunFolder, engine: Engine, watcher: Watcher | None = None) -> None:
        self.config = config
        self.folder = folder
        self.engine = engine
        self.watcher = watcher or Watcher()
        self.metrics: list[Metric] = []
        self.latest: dict[MetricName, float] = {}
        self.traffic: dict[tuple[str, int, str], int] = {}
        self.spending = Spending(engine.profile)
        self.done = 0
        self._fingerprint = fingerprint(engine.population)
        self._saved_at = 0.0
        self._saving_took = 0.0

    def start(self) -> None:
        """Make the state before the first round, and save it."""
        population = self.engine.population
        self.folder.write_json(self.folder.population, describe(population, self._fingerprint))
        if self.engine.method.model_kind == "peer":
            topology = self.config.network.topology
            told = self.engine.network.told(topology, self.config.rounds) | self.engine.ledger.full()
            self.folder.write_json(self.folder.network, told)
        self.engine.method.start(self.engine)
        self._exhibit("before")
        self.save()

    def restore(self) -> None:
        """Take up the state of the last checkpoint; start, if the run died before its first.

        Raises:
            UserError: it is damaged, or belongs to other data.
        """
        self.folder.tidy()
        if not self.folder.checkpoint.exists():
            LOG.info("no checkpoint yet: starting")
            self.start()
            return
        state = load_checkpoint(self.folder.checkpoint)
        if state["fingerprint"] != self._fingerprint:
            raise UserError(f"the data is not what {self.folder.path} was started with: restore it, or start a new run")
        self.done = state["round"]
        self._add(read_metrics(self.folder.metrics)[: state["metrics"]])
        self.traffic = {(d, c, b): n for d, c, b, n in state["traffic"]}
        self.spending.restore(state.get("spending", {}))
        for name, value in state["method"].items():
            setattr(self.engine.method, name, value)
        self.engine.restore(state["memories"])
        self.engine.settle(state.get("settled", {}))

    def save(self) -> None:
        """Save the state. The table of metrics goes first; the checkpoint says how many of its rows count."""
        begun = time.perf_counter()
        write_metrics(self.folder.metrics, self.metrics)
        state = {
            "round": self.done,
            "fingerprint": self._fingerprint,
            "metrics": len(self.metrics),
            "traffic": [[d, c, b, n] for (d, c, b), n in sorted(self.traffic.items())],
            "spending": self.spending.told(),
            "method": server_state(self.engine.method),
            "memories": self.engine.memories(),
            "settled": self.engine.settled(),
        }
        save_checkpoint(self.folder.checkpoint, state)
        self._saved_at = self.spending.add(SAVING, begun)
        self._saving_took = self._saved_at - begun

    def go(self) -> RunResult:
        """Run all rounds that are left.

        Raises:
            Stopped: asked to by Ctrl-C or SIGTERM, after saving.
        """
        engine, rounds = self.engine, self.config.rounds
        a_round = max(1, round(self.config.participation * len(engine.clients)))
        self.watcher.begins(self.config, self.folder.path, self.done, a_round)
        engine.tick = self.watcher.client_done
        try:
            with StopRequest(self.watcher.stopping) as stop:
                while self.done < rounds:
                    self._round(engine.next_round(self.done))
                    if stop.asked and self.done < rounds:
                        self.save()
                        LOG.info("stopped after round %d of %d", self.done, rounds)
                        how = f"counterpoint resume {shlex.quote(str(self.folder.path))}"
                        raise Stopped(f"stopped after round {self.done} of {rounds}; go on with: {how}")
            return self._finish()
        finally:
            self.watcher.ends()

    def _round(self, number: int) -> None:
        engine, last = self.engine, number == self.config.rounds
        begun = time.perf_counter()
        engine.begin(number)
        with engine.profile.of(AGGREGATION):
            engine.method.round(engine)
        for key, size in engine.log.traffic.items():
            self.traffic[key] = self.traffic.get(key, 0) + size
        now = self.spending.add("training", begun)
        with engine.profile.of(EVALUATION):
            self._evaluate(number, last)
            if last:
                self._exhibit("after")
        self.spending.add("evaluation", now)
        self.done = number
        for client, why in engine.log.refused:
            LOG.warning("round %d: the upload of client %d was refused: %s", number, client, why)
        LOG.info("round %d of %d done", number, self.config.rounds)
        due = time.perf_counter() - self._saved_at > self._saving_took / SAVING_SHARE
        if last or due or engine.saves_each_round:
            self.save()
        self.watcher.round_done(number, self.latest, engine.log.refused)

    def _evaluate(self, number: int, last: bool) -> None:
        if last or number % self.config.evaluate.every == 0:
            self._add(evaluate(self.engine, last=last, after=self.config.evaluate.after))
        self._add(self._round_metrics(number))
        if last:
            self._add(traffic_metrics(number, self.traffic, "total_bytes", each=True))

    def _exhibit(self, moment: Moment) -> None:
        """Keep what the method leaves to be looked at; before the checkpoint, so that no resumed run lacks it."""
        if not served(self.engine):
            return
        found = self.engine.method.exhibit(self.engine.server, last=moment == "after")
        if found is not None:
            keep_exhibit(self.folder.exhibit, moment, found, self.engine.population.test)

    def _add(self, metrics: list[Metric]) -> None:
        self.metrics += metrics
        self.latest |= final(metrics)

    def _round_metrics(self, number: int) -> list[Metric]:
        log = self.engine.log
        found = traffic_metrics(number, log.traffic, "bytes", each=False)
        found += [Metric(number, MetricName(m, scope=scope), v) for (m, scope), v in sorted(log.notes.items())]
        return [*found, Metric(number, MetricName("refused", scope="clients:sum"), float(len(log.refused)))]

    def _finish(self) -> RunResult:
        summary = summarise(
            self.config,
            self.folder.path,
            clients=len(self.engine.clients),
            spending=self.spending.told(),
            traffic=self.traffic,
            metrics=self.metrics,
        )
        self.folder.write_json(self.folder.result, summary)
        return RunResult(self.folder.path, self.config, summary, self.metrics)


def server_state(method: object) -> dict[str, Any]:
    """What a method's server program has stored: its attributes but options, the model and private ones."""
    fixed = {"model", *getattr(method, "options", {})}
    return {n: v for n, v in vars(method).items() if n not in fixed and not n.startswith("_")}
