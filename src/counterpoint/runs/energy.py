"""What devices spent in a whole run."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

from counterpoint.evaluate import Metric, MetricName
from counterpoint.runs.table import final

COMPUTE, SEND = "joules_compute", "joules_send"
"""Measures of a round, in joules."""
TOTAL, MEAN = "clients:sum", "clients:mean"


def energy(metrics: Iterable[Metric], clients: int) -> dict[str, Any]:
    """`energy` for a summary; nothing of a run that counts no joules.

    It has `joules_compute`, `joules_send` and `joules`, their sum, over all clients and rounds; `battery`, the share of
    what all batteries held at the start that is left, null where there are none; `silent`, how many clients were silent
    in the last round, null where the run does not say. At the start batteries held what is left and what was spent.

    Args:
        metrics: every value of every round.
        clients: how many there are.
    """
    told = [metric for metric in metrics if metric.name.scope in (TOTAL, MEAN)]
    found = [metric for metric in told if metric.name.scope == TOTAL]
    spent = {what: [m.value for m in found if m.name.measure == what] for what in (COMPUTE, SEND)}
    if not any(spent.values()):
        return {}
    sums = {what: sum(values) for what, values in spent.items()}
    joules = sum(sums.values())
    last = final(told)
    silent, each = last.get(MetricName("silent", scope=TOTAL)), last.get(MetricName("battery", scope=MEAN))
    left = last.get(MetricName("battery", scope=TOTAL), None if each is None else clients * each)
    held = joules + left if left is not None and isfinite(left) else 0.0
    battery = left / held if left is not None and held > 0 else None
    return {"energy": {**sums, "joules": joules, "battery": battery, "silent": None if silent is None else int(silent)}}
