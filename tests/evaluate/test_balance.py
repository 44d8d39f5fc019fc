"""Contributions, gaps and confidences, against numbers worked by hand."""

import math
from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from counterpoint.data.samples import pattern_name
from counterpoint.evaluate import balance, balance_rows, patterns, tally_rows
from counterpoint.evaluate.confidence import confidence, confidence_rows
from counterpoint.evaluate.contribution import fusion_gap, shapley


def test_two_players():
    value = {"": 0.2, "a": 0.5, "b": 0.3, "a+b": 0.9}
    # a first adds 0.3, a second 0.6; b first 0.1, b second 0.4
    assert shapley(value, ("a", "b")) == pytest.approx({"a": 0.45, "b": 0.25})
    assert fusion_gap(value, ("a", "b")) == pytest.approx(0.4)
    assert fusion_gap({**value, "a+b": 0.4}, ("a", "b")) == pytest.approx(-0.1)


def test_a_player_alone_has_it_all():
    assert shapley({"": 0.25, "a": 0.75}, ("a",)) == {"a": 0.5}


def games(players: tuple[str, ...]) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({name: st.floats(0, 1) for name in ("", *patterns(players))})


@given(st.integers(1, 4).flatmap(lambda many: st.tuples(st.just(tuple("abcd"[:many])), games(tuple("abcd"[:many])))))
def test_shapley_values_are_means_over_all_orders_and_add_up(game: tuple[tuple[str, ...], dict[str, float]]):
    players, value = game
    found = shapley(value, players)
    orders = list(permutations(players))
    for player in players:
        added = [
            value[pattern_name(order[: order.index(player) + 1])] - value[pattern_name(order[: order.index(player)])]
            for order in orders
        ]
        assert found[player] == pytest.approx(sum(added) / len(orders), abs=1e-12)
    assert sum(found.values()) == pytest.approx(value[pattern_name(players)] - value[""], abs=1e-12)


def test_confidence_is_the_mean_probability_of_the_true_class():
    three = math.log(3)  # probabilities 3/4 and 1/4
    logits = torch.tensor([[three, 0.0], [0.0, three], [0.0, 0.0], [math.nan, math.inf]])
    rows = confidence_rows(logits, torch.tensor([0, 0, 1, 1]), torch.tensor([True, True, True, False]))
    assert rows.dtype == torch.float64
    assert torch.allclose(rows, torch.tensor([[0.75, 0], [0.25, 0], [0, 0.5], [0, 0]], dtype=torch.float64))
    found = confidence(rows.sum(0), torch.tensor([2.0, 0.0], dtype=torch.float64))
    assert float(found[0]) == pytest.approx(0.5) and math.isnan(found[1])


def sums_of(
    guesses: dict[str, list[int]], label: list[int], there: dict[str, list[int]], classes: int = 3
) -> dict[str, Tensor]:
    """Sums of a model that guesses so, with the same certainty everywhere, by pattern."""
    truth, names = torch.tensor(label), sorted(there)
    present = {m: torch.tensor(values).bool() for m, values in there.items()}
    whole = torch.stack([present[m] for m in names]).all(0)
    found = {}
    for pattern, guess in guesses.items():
        chosen = pattern.split("+")
        some = torch.ones_like(whole) if pattern == "observed" else torch.stack([present[m] for m in chosen]).all(0)
        logits = 2 * torch.nn.functional.one_hot(torch.tensor(guess), classes).float()
        rows = tally_rows(logits, truth, some)
        if pattern != "observed":
            rows |= balance_rows(logits, truth, some, whole, single=len(chosen) == 1)
        found |= {f"{pattern}/{key}": values.sum(0) for key, values in rows.items()}
    return found


LABEL = [0, 0, 0, 1, 1, 2]
THERE = {"a": [1, 1, 1, 1, 1, 0], "b": [1, 1, 1, 1, 0, 1]}
GUESSES = {
    "observed": [0, 0, 0, 1, 0, 2],
    "a+b": [0, 0, 0, 1, 9, 9],
    "a": [0, 0, 1, 0, 1, 9],
    "b": [0, 1, 1, 1, 9, 2],
}


def made(label: list[int] = LABEL, there: dict[str, list[int]] = THERE) -> dict[str, Tensor]:
    guesses = {pattern: [min(guess, 2) for guess in of] for pattern, of in GUESSES.items()}
    return sums_of(guesses, label, there)


def test_every_pattern_is_compared_on_the_samples_that_have_all_modalities():
    # four samples have both: three of class 0, one of class 1; all right with both, two with a (three of its five),
    # two with b (three of its five)
    found = balance(made(), ["a", "b"], ["x", "y", "z"])
    assert found["a+b"] == {"fusion_gap": 0.5, "majority": 0.75}
    assert found["a"]["contribution"] == pytest.approx((0.5 - 0.75 + 1 - 0.5) / 2)
    assert found["a"]["contribution"] + found["b"]["contribution"] == pytest.approx(1 - 0.75)


def test_confidences_are_of_the_samples_that_have_the_modality():
    found = balance(made(), ["a", "b"], ["x", "y", "z"])
    right = math.exp(2) / (math.exp(2) + 2)
    wrong = 1 / (math.exp(2) + 2)
    # a: class x 2 of 3 right, y 1 of 2; z never had a
    assert found["a"]["confidence[x]"] == pytest.approx((2 * right + wrong) / 3)
    assert found["a"]["confidence[y]"] == pytest.approx((right + wrong) / 2)
    assert "confidence[z]" not in found["a"]
    assert found["a"]["confidence"] == pytest.approx((found["a"]["confidence[x]"] + found["a"]["confidence[y]"]) / 2)
    assert found["b"]["confidence[z]"] == pytest.approx(right)
    assert found["observed"] == {"class_std": pytest.approx(torch.tensor([1, 0.5, 1.0]).std(correction=0).item())}


def test_where_no_sample_has_all_there_is_nothing_to_compare():
    there = {"a": [1, 1, 1, 0, 0, 0], "b": [0, 0, 0, 1, 1, 1]}
    found = balance(made(there=there), ["a", "b"], ["x", "y", "z"])
    assert set(found) == {"observed", "a", "b"}
    assert set(found["a"]) == {"confidence", "confidence[x]"}


def test_a_client_without_a_modality_says_its_own_confidence_alone():
    sums = {key: value for key, value in made().items() if key.partition("/")[0] in ("observed", "a")}
    sums.pop("a/hits")
    found = balance(sums, ["a", "b"], ["x", "y", "z"])
    assert set(found) == {"observed", "a"} and "contribution" not in found["a"]


def test_one_modality_has_a_spread_of_classes_and_nothing_else():
    label, guess = [0, 1, 2], [0, 1, 1]
    sums = sums_of({"observed": guess, "a": guess}, label, {"a": [1, 1, 1]})
    assert balance(sums, ["a"], ["x", "y", "z"]) == {"observed": {"class_std": pytest.approx(math.sqrt(2) / 3)}}


def test_no_samples_no_measures():
    none = {m: [0] * 6 for m in THERE}
    sums = {key: torch.zeros_like(value) for key, value in made(there=none).items()}
    assert balance(sums, ["a", "b"], ["x", "y", "z"]) == {}


def test_five_modalities_have_a_gap_and_no_contributions():
    names = list("abcde")
    guesses = {pattern: [0, 1] if len(some) > 1 else [0, 0] for pattern, some in patterns(names).items()}
    found = balance(
        sums_of({"observed": [0, 1], **guesses}, [0, 1], {m: [1, 1] for m in names}), names, ["x", "y", "z"]
    )
    assert found["a+b+c+d+e"] == {"fusion_gap": 0.5, "majority": 0.5}
    assert not any("contribution" in told for told in found.values())
    assert "confidence" in found["e"]


def test_many_classes_have_a_mean_alone():
    classes = [str(n) for n in range(51)]
    sums = sums_of({p: [0, 50] for p in ("observed", "a", "b", "a+b")}, [0, 50], {"a": [1, 1], "b": [1, 1]}, 51)
    assert set(balance(sums, ["a", "b"], classes)["a"]) == {"contribution", "confidence"}
