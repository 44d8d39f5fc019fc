"""How well a run does, in a line."""

from collections.abc import Mapping

from counterpoint.evaluate.metric import OBSERVED, MetricName

HEADLINES = {
    "global test": (MetricName("accuracy", "global", "server", "global_test", OBSERVED, "before"),),
    "validation": (MetricName("accuracy", "global", "server", "global_validation", OBSERVED, "before"),),
    "mean of clients": (
        MetricName("accuracy", "global", "clients:mean", "test", OBSERVED, "before"),
        MetricName("accuracy", "personal", "clients:mean", "test", OBSERVED, "after"),
        MetricName("accuracy", "peer", "clients:mean", "test", OBSERVED, "after"),
    ),
    "mean of clients' validation": (
        MetricName("accuracy", "global", "clients:mean", "validation", OBSERVED, "before"),
        MetricName("accuracy", "personal", "clients:mean", "validation", OBSERVED, "after"),
        MetricName("accuracy", "peer", "clients:mean", "validation", OBSERVED, "after"),
    ),
}


def headline(latest: Mapping[MetricName, float]) -> str:
    """The latest accuracy on the global test and, in the mean, on the clients' own tests, where there are any."""
    found = [f"{label} {latest[name]:.3f}" for label, names in HEADLINES.items() for name in names if name in latest]
    return f"accuracy: {', '.join(found)}" if found else ""
