"""What comes out of a run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterpoint.errors import UserError
from counterpoint.evaluate import Metric
from counterpoint.exchange.layout import Tensors
from counterpoint.runs.checkpoint import load_checkpoint
from counterpoint.runs.config import RunConfig
from counterpoint.runs.energy import energy
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.table import final


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes:
        out: its folder.
        config: its configuration.
        summary: what `run --json` prints.
        metrics: every value of every round.
    """

    out: Path
    config: RunConfig
    summary: Mapping[str, Any]
    metrics: list[Metric]

    def value(self, measure: str, **parts: str) -> float:
        """The last value of the one metric that has these parts.

        For example `value("accuracy", scope="server", pattern="observed")`.

        Raises:
            UserError: none or several have them; it names them.
        """
        found = {
            name: value
            for name, value in final(self.metrics).items()
            if name.measure == measure and all(getattr(name, part) == wanted for part, wanted in parts.items())
        }
        if len(found) != 1:
            names = ", ".join(map(str, found)) or "none"
            raise UserError(f"{len(found)} metrics match {measure!r} with {parts}, and one must: {names}")
        return next(iter(found.values()))

    def weights(self) -> Tensors:
        """The server's weights after the last round."""
        weights: Tensors = load_checkpoint(RunFolder(self.out).checkpoint)["method"]["weights"]
        return weights


def summarise(
    config: RunConfig,
    out: Path,
    *,
    clients: int,
    spending: Mapping[str, Any],
    traffic: Mapping[tuple[str, int, str], int],
    metrics: Sequence[Metric],
) -> dict[str, Any]:
    """What `run --json` prints: per-client metrics are left to the table; what is not finite is null.

    Runs that count joules have `energy` too, see `runs.energy`.

    Args:
        config: of the run.
        out: its folder.
        clients: how many there are.
        spending: where the time went, see `Spending.told`.
        traffic: bytes by (direction, client, block), over the whole run.
        metrics: every value of every round.
    """
    total = {d: sum(n for (direction, _, _), n in traffic.items() if direction == d) for d in ("up", "down")}
    return {
        "method": config.method,
        "data": config.data.name,
        "seed": config.seed,
        "engine": config.engine,
        "rounds": config.rounds,
        "clients": clients,
        "seconds": round(sum(spending["phases"].values()), 3),
        "profile": {
            **spending,
            **{how: {what: round(s, 6) for what, s in spending[how].items()} for how in ("phases", "seconds")},
        },
        "metrics": {
            str(name): value if math.isfinite(value) else None
            for name, value in final(metrics).items()
            if not name.scope.startswith("client:")
        },
        "bytes_up": total["up"],
        "bytes_down": total["down"],
        "refused": int(sum(m.value for m in metrics if m.name.measure == "refused")),
        **energy(metrics, clients),
        "out": str(out),
    }
