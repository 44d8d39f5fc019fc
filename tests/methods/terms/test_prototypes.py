"""PMR: prototypes, similarities, and who is pulled."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.errors import UserError
from counterpoint.exchange import Tensors
from counterpoint.methods.fedcmi import FedCMI
from counterpoint.methods.terms.prototypes import PMR, means, similarity
from counterpoint.objectives import cross_entropy

Make = Callable[..., Any]


def test_similarity_is_the_softmax_of_negative_distances() -> None:
    prototypes = torch.tensor([[0.0, 0.0, 1.0], [3.0, 4.0, 1.0], [9.0, 9.0, 0.0]])
    found = similarity(torch.tensor([[0.0, 0.0]]), prototypes).exp()
    both = torch.tensor([0.0, -5.0]).softmax(0)
    assert found[0].tolist() == pytest.approx([*both.tolist(), 0.0], abs=1e-5)


def test_prototypes_are_means_of_the_rows_that_have_the_modality(built: Make) -> None:
    term, model, batch = built(PMR, missing="sample")
    rows = term._sums(model.initial, batch, {})
    found = means({m: value.sum(0) for m, value in rows.items()})
    z = model.parts(model.initial, batch, train=False)["embedding"]
    for m in ("acc", "gyro"):
        for c in range(3):
            own = batch.present[m] & (batch.label == c)
            if bool(own.any()):
                assert torch.allclose(found[m][c, :-1], z[m][own].mean(0), atol=1e-6)
            assert float(found[m][c, -1]) == float(own.any())


def prepared(term: PMR, batch: Any) -> dict[str, Tensors]:
    rows = term._sums(term.model.initial, batch, {})
    return {"prototypes": means({m: value.sum(0) for m, value in rows.items()})}


def test_the_gradient_is_that_of_the_formula(built: Make, gradients: Make) -> None:
    term, model, batch = built(PMR, alpha=0.7, entropy=0.2)
    given = prepared(term, batch)

    def by_hand(params: Tensors) -> Tensor:
        parts = model.parts(params, batch)
        log = {}
        for m in ("acc", "gyro"):
            far = torch.stack([(parts["embedding"][m] - c).norm(dim=1) for c in given["prototypes"][m][:, :-1]], 1)
            log[m] = (-far).log_softmax(1)
        right = {m: q[torch.arange(len(batch)), batch.label] for m, q in log.items()}
        s = {m: float(r.detach().exp().sum()) for m, r in right.items()}
        lead, lag = ("acc", "gyro") if s["acc"] > s["gyro"] else ("gyro", "acc")
        rho = s[lead] / s[lag]
        assert rho > 1
        pull = 0.7 * min(rho - 1, 1) * -right[lag]
        calm = 0.2 * min(rho - 1, 1) * -(log[lead].exp() * log[lead]).sum(1)
        return cross_entropy(parts["out"]["fused"], batch.label) + pull - calm

    assert torch.allclose(term.rows(model.initial, batch, given), by_hand(model.initial), atol=1e-5)
    found, expected = gradients(model.initial, lambda p: term.rows(p, batch, given)), gradients(model.initial, by_hand)
    for name in expected:
        assert torch.allclose(found[name], expected[name], atol=1e-5), name


def test_a_row_whose_class_has_no_prototype_is_left_alone(built: Make) -> None:
    term, model, batch = built(PMR, alpha=5)
    given = prepared(term, batch)
    given["prototypes"] = {m: p.clone() for m, p in given["prototypes"].items()}
    for p in given["prototypes"].values():
        p[0, -1] = 0
    found = term.rows(model.initial, batch, given)
    plain = cross_entropy(model(model.initial, batch), batch.label)
    assert bool(torch.isfinite(found).all()) and float(found.abs().max()) < 100
    assert torch.allclose(found[batch.label == 0], plain[batch.label == 0], atol=1e-6)


def test_one_modality_is_cross_entropy(built: Make) -> None:
    term, model, batch = built(PMR)
    alone = batch.only(["acc"])
    given = {"prototypes": {"acc": prepared(term, batch)["prototypes"]["acc"]}}
    assert torch.equal(term.rows(model.initial, alone, given), cross_entropy(model(model.initial, alone), batch.label))


def test_rows_without_a_modality_are_not_pulled_by_it(built: Make, gradients: Make) -> None:
    term, model, batch = built(PMR, alpha=5)
    given = prepared(term, batch)
    gone = replace(batch, present={**batch.present, "acc": torch.zeros_like(batch.present["acc"])})
    found = gradients(model.initial, lambda p: term.rows(p, gone, given))
    assert float(found["encoder.acc.out.weight"].abs().max()) == 0


def test_a_network_without_embeddings_is_refused(make_model: Make, make_population: Make) -> None:
    with pytest.raises(UserError, match="needs late fusion, not a CrossModal"):
        PMR().build(make_model(make_population(), method=FedCMI()))
