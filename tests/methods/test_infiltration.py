"""Who teaches whom, and at which temperature."""

import math

import pytest
import torch
from torch import Tensor

from counterpoint.methods.infiltration import class_temperatures, confidences, directions, dominant_of_batch


def sums(**p: tuple[float, ...]) -> dict[str, Tensor]:
    """Two rows a class; NaN where the modality was not seen in the class."""
    found = {}
    for m, values in p.items():
        mean = torch.tensor(values, dtype=torch.float64)
        seen = ~mean.isnan()
        found[f"count.{m}"] = 2.0 * seen
        found[f"sum.{m}"] = torch.where(seen, 2 * mean, 0.0)
    return found


def of(p: dict[str, Tensor], b: float = 2.0, base: float = 1.0) -> dict[str, Tensor]:
    return directions(p, sorted({name.partition(".")[2] for name in p}), b, base)


def test_the_worked_numbers() -> None:
    found = of(sums(a=(0.8, 0.6, 0.5), v=(0.2, 0.3, 0.5)))
    assert found["dominant"].tolist() == [1, 0]
    assert found["T.a>v"].tolist() == pytest.approx([0.4812, 1, 1], abs=5e-5)


def test_names_exchanged_do_not_give_mirror_images() -> None:
    found = of(sums(a=(0.2, 0.3, 0.5), v=(0.8, 0.6, 0.5)))
    assert found["dominant"].tolist() == [0, 1]
    assert found["T.v>a"].tolist() == pytest.approx([0.3711, 0.7643, 1], abs=5e-5)


def test_equal_ratios_leave_the_base_temperature() -> None:
    found = of(sums(a=(0.8, 0.4, 0.6), v=(0.4, 0.2, 0.3)), base=1.5)
    assert found["T.a>v"].tolist() == [1.5, 1.5, 1.5]
    assert found["T.v>a"].tolist() == [1.5, 1.5, 1.5]


def test_temperatures_lie_between_zero_and_the_base_and_fall_with_imbalance() -> None:
    excess = torch.tensor([0.2, 1.0, 1.1, 2.0, 50.0])
    found = class_temperatures(excess, 2.0, 1.0)
    assert found[:2].tolist() == [1, 1]
    assert found[3].item() == pytest.approx(1 / (1 + 2 * math.log(2)))
    assert bool((found[1:].diff() < 0).all())
    assert bool((found > 0).all())
    assert class_temperatures(excess, 0.0, 3.0).tolist() == [3.0] * 5


def test_a_class_that_is_absent_does_not_count_and_gives_no_nan() -> None:
    nan = math.nan
    found = of(sums(a=(0.8, 0.6, 0.5, nan, 0.9), v=(0.2, 0.3, 0.5, nan, nan)))
    assert found["T.a>v"].tolist() == pytest.approx([0.4812, 1, 1, 1, 1], abs=5e-5)
    nothing = of(sums(a=(nan, nan), v=(nan, 0.5)))
    assert nothing["T.a>v"].tolist() == [1, 1]
    assert all(bool(t.isfinite().all()) for t in nothing.values())


def test_a_modality_that_knows_nothing_gives_no_infinity() -> None:
    found = of(sums(a=(0.9, 0.9), v=(0.0, 0.9)))
    assert all(bool(t.isfinite().all()) for t in found.values())
    assert found["dominant"].tolist() == [1, 0]


def test_of_three_the_most_confident_dominates_and_the_others_are_its_students() -> None:
    found = of(sums(a=(0.5, 0.5), i=(0.8, 0.6), t=(0.4, 0.6)))
    assert found["dominant"].tolist() == [0, 1, 0]
    ratio = torch.tensor([0.8 / 0.4, 0.6 / 0.6])
    excess = ratio / ratio.mean()
    expected = 1 / (1 + 2 * math.log(excess[0]))
    assert found["T.i>t"].tolist() == pytest.approx([expected, 1], abs=1e-6)
    assert {name for name in found if name.startswith("T.")} == {f"T.{x}>{y}" for x in "ait" for y in "ait" if x != y}


def test_confidences_are_probabilities_of_the_true_class_in_its_column() -> None:
    logits = {"a": torch.tensor([[0.0, math.log(3.0)], [math.log(4.0), 0.0]])}
    found = confidences(logits, torch.tensor([1, 0]), {"a": torch.tensor([True, False])})
    assert found["sum.a"].tolist() == [[0, pytest.approx(0.75)], [0, 0]]
    assert found["count.a"].tolist() == [[0, 1], [0, 0]]


def test_dominance_on_a_batch_counts_only_rows_that_count() -> None:
    good, bad = [5.0, -5.0], [-5.0, 5.0]
    logits = {"a": torch.tensor([good, good, bad]), "v": torch.tensor([bad, bad, good])}
    label = torch.zeros(3, dtype=torch.long)
    assert dominant_of_batch(logits, label, torch.tensor([True, True, True]), ["a", "v"]).tolist() == [1, 0]
    assert dominant_of_batch(logits, label, torch.tensor([True, False, False]), ["a", "v"]).tolist() == [1, 0]
    assert dominant_of_batch(logits, label, torch.tensor([False, False, True]), ["a", "v"]).tolist() == [0, 1]
    same = {"a": logits["a"], "v": logits["a"]}
    assert dominant_of_batch(same, label, torch.tensor([True] * 3), ["a", "v"]).tolist() == [0, 1], "rho is not above 1"
