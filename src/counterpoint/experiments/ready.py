"""The data of a comparison, there before processes ask for them."""

from counterpoint.data import prepared
from counterpoint.experiments.comparison import Comparison


def ready(comparison: Comparison) -> None:
    """Fetch, convert and check every data set once, so that no two processes do so at the same time.

    Raises:
        UserError: there is no such data set, modality or frozen encoder, or it cannot be had.
    """
    seen = set()
    for condition in comparison.conditions:
        features = condition.options.get("features") or {}
        modalities = condition.options.get("modalities")
        asked = (condition.data, tuple(modalities or ()), tuple(sorted(features.items())))
        if asked not in seen:
            seen.add(asked)
            prepared(condition.data, modalities, features)
