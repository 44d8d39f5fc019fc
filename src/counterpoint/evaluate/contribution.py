"""What each modality contributes to a model, and how far the model is ahead of its best modality alone."""

from collections.abc import Mapping
from itertools import combinations
from math import factorial

from counterpoint.data.samples import pattern_name
from counterpoint.evaluate.patterns import MOST_FOR_ALL

MOST_PLAYERS = MOST_FOR_ALL
"""Of more modalities not every pattern is scored, and a Shapley value needs them all."""


def shapley(value: Mapping[str, float], players: tuple[str, ...]) -> dict[str, float]:
    """Shapley values: what each player adds on average, over all orders in which they may come.

    phi_m = sum over S without m of |S|! (M - |S| - 1)! / M! (v(S + m) - v(S)). They add up to v(all) - v(nobody).

    Args:
        value: v by name of a pattern of players, "" for nobody; every pattern.
        players: the M players.
    """
    everyone = len(players)
    found = {}
    for player in players:
        others = [other for other in players if other != player]
        found[player] = sum(
            factorial(size)
            * factorial(everyone - size - 1)
            / factorial(everyone)
            * (value[pattern_name((*some, player))] - value[pattern_name(some)])
            for size in range(everyone)
            for some in combinations(others, size)
        )
    return found


def fusion_gap(value: Mapping[str, float], players: tuple[str, ...]) -> float:
    """v(all) - max over m of v({m}): below zero where one modality alone does better than all together."""
    return value[pattern_name(players)] - max(value[player] for player in players)
