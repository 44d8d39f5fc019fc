"""Classes by their texts."""

import math

import pytest
import torch

from counterpoint.evaluate import class_embeddings, zero_shot, zero_shot_logits
from counterpoint.randomness import generator


def test_templates_count_equally_whatever_their_length() -> None:
    texts = torch.tensor([[[9.0, 0.0], [0.0, 0.1]], [[0.0, -3.0], [0.0, -1.0]]])
    half = math.sqrt(0.5)
    assert class_embeddings(texts).flatten().tolist() == pytest.approx([half, half, 0, -1])


def test_logits_are_cosines_over_the_temperature() -> None:
    classes = class_embeddings(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))
    found = zero_shot_logits(torch.tensor([[30.0, 40.0], [0.0, -2.0]]), classes, 0.5)
    assert found.flatten().tolist() == pytest.approx([0.6 / 0.5, 0.8 / 0.5, 0, -2])


def test_scores_by_hand() -> None:
    classes = class_embeddings(torch.eye(3)[:, None])
    rows = torch.tensor([[1.0, 0.2, 0.0], [0.9, 0.0, 0.3], [0.1, 0.8, 0.0], [0.0, 0.1, 0.7]])
    found = zero_shot(rows, classes, torch.tensor([0, 1, 1, 2]), 0.07)
    assert found["samples"] == 4
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert "auc" not in found
    logits = zero_shot_logits(rows, classes, 0.07)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 1, 2]))
    assert found["loss"] == pytest.approx(float(loss))


def test_the_temperature_changes_the_loss_alone() -> None:
    draws = generator(0)
    rows, texts = torch.randn(60, 8, generator=draws), torch.randn(4, 3, 8, generator=draws)
    label = torch.randint(0, 4, (60,), generator=draws)
    cold, warm = (zero_shot(rows, class_embeddings(texts), label, t) for t in (0.01, 10.0))
    assert cold["accuracy"] == warm["accuracy"]
    assert cold["macro_f1"] == warm["macro_f1"]
    assert warm["loss"] == pytest.approx(math.log(4), abs=0.1)
    assert cold["loss"] > 5


def test_of_two_classes_there_is_an_area() -> None:
    classes = class_embeddings(torch.eye(2)[:, None])
    rows = torch.tensor([[1.0, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 1.0]])
    assert zero_shot(rows, classes, torch.tensor([0, 1, 0, 1]), 0.07)["auc"] == 0.75


def test_of_no_rows_there_are_no_scores() -> None:
    nobody = torch.zeros(0, dtype=torch.int64)
    assert zero_shot(torch.zeros(0, 3), torch.eye(3), nobody, 0.07) == {"samples": 0.0}
