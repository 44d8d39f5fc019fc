import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.aggregation import BlockAverage, block_average
from counterpoint.exchange import Many, Tensors, Weights

OLD: Tensors = {"enc.a": torch.tensor([0.0, 0.0]), "enc.b": torch.tensor([7.0]), "head": torch.tensor(1.0)}


def upload(samples: int, **values: torch.Tensor) -> Weights:
    return Weights({n.replace("_", "."): v for n, v in values.items()}, torch.tensor(samples))


def weighted_mean(values: list[torch.Tensor], weights: list[float]) -> torch.Tensor:
    average = BlockAverage()
    average.add({"w": torch.stack(values)}, torch.tensor(weights))
    return average.over({"w": torch.empty(0)})["w"]


def test_a_weighted_mean_by_hand():
    values = [torch.tensor([1.0, 10.0]), torch.tensor([3.0, 20.0])]
    assert weighted_mean(values, [1, 3]).tolist() == [2.5, 17.5]
    assert weighted_mean(values, [0, 2]).tolist() == [3.0, 20.0]
    assert weighted_mean(values[:1], [5]).tolist() == [1.0, 10.0]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.lists(st.integers(1, 10**9), min_size=1))
def test_equal_values_average_to_themselves(value: float, counts: list[int]):
    same = torch.tensor([value])
    assert torch.equal(weighted_mean([same] * len(counts), [float(n) for n in counts]), same)


def test_equal_models_average_to_themselves():
    source = torch.Generator().manual_seed(0)
    model = {"w": torch.randn(1000, generator=source), "h": torch.randn(50, generator=source).half()}
    uploads = [Weights(model, torch.tensor(n)) for n in (3, 7, 11, 13, 1, 99)]
    result = block_average({n: torch.zeros_like(v) for n, v in model.items()}, uploads)
    assert all(torch.equal(result[n], model[n]) and result[n].dtype == model[n].dtype for n in model)


def test_integers_become_their_maximum():
    counters = [torch.tensor([3, 1]), torch.tensor([2, 8])]
    assert weighted_mean(counters, [100, 1]).tolist() == [3, 8]
    assert weighted_mean(counters, [100, 1]).dtype == torch.int64


def test_each_block_is_averaged_over_those_that_hold_it():
    uploads = [
        upload(1, enc_a=torch.tensor([2.0, 4.0]), head=torch.tensor(10.0)),
        upload(3, enc_a=torch.tensor([6.0, 0.0]), head=torch.tensor(30.0)),
        upload(4, head=torch.tensor(50.0)),
    ]
    result = block_average(OLD, uploads)
    assert result["enc.a"].tolist() == [(2 * 1 + 6 * 3) / 4, (4 * 1 + 0 * 3) / 4]
    assert float(result["head"]) == (10 * 1 + 30 * 3 + 50 * 4) / 8
    assert result["enc.b"] is OLD["enc.b"], "nobody sent it"


def test_nobody_changes_nothing():
    assert block_average(OLD, []) == OLD


def test_a_client_without_samples_does_not_count():
    uploads = [upload(0, head=torch.tensor(100.0), enc_b=torch.tensor([100.0])), upload(2, head=torch.tensor(3.0))]
    result = block_average(OLD, uploads)
    assert float(result["head"]) == 3.0
    assert result["enc.b"].tolist() == [7.0]


def test_a_single_upload_is_taken_as_it_is():
    alone = {n: v + 0.1 for n, v in OLD.items()}
    result = block_average(OLD, [Weights(alone, torch.tensor(17))])
    assert all(torch.equal(result[n], alone[n]) for n in OLD)


def test_weights_of_ones_own():
    uploads = [upload(100, head=torch.tensor(1.0)), upload(1, head=torch.tensor(3.0))]
    assert float(block_average(OLD, uploads, [1.0, 1.0])["head"]) == 2.0
    assert float(block_average(OLD, uploads, [0.0, 1.0])["head"]) == 3.0
    with pytest.raises(ValueError, match="one weight for each"):
        block_average(OLD, uploads, [1.0])


def test_the_order_of_clients_does_not_matter_once_they_are_sorted():
    source = torch.Generator().manual_seed(1)
    sent = [Weights({"w": torch.randn(100, generator=source)}, torch.tensor(n)).sent_by(n) for n in (5, 3, 9, 1)]
    start = {"w": torch.zeros(100)}
    one, other = (sorted(order, key=lambda u: u.client) for order in (sent, sent[::-1]))
    assert torch.equal(block_average(start, one)["w"], block_average(start, other)["w"])


def test_an_upload_that_does_not_say_its_samples_cannot_be_averaged_by_them():
    with pytest.raises(ValueError, match="must say how many"):
        block_average(OLD, [Weights()])


def test_uploads_that_come_together_count_as_each_alone():
    source = torch.Generator().manual_seed(2)
    sent = [Weights({"w": torch.randn(7, 3, generator=source)}, torch.tensor(n)) for n in (5, 3, 0, 9)]
    together = Many((0, 1, 2), Weights({"w": torch.stack([u.weights["w"] for u in sent[:3]])}, torch.tensor([5, 3, 0])))
    start = {"w": torch.zeros(7, 3)}
    assert torch.allclose(block_average(start, [together, sent[3]])["w"], block_average(start, sent)["w"], rtol=1e-6)


def test_how_many_held_a_tensor():
    average = BlockAverage()
    average.add({"a": torch.ones(3, 2), "b": torch.ones(3)}, torch.tensor([1.0, 0.0, 2.0]))
    average.add({"a": torch.ones(1, 2)}, torch.tensor([1.0]))
    assert (average.holders("a"), average.holders("b"), average.holders("c")) == (3, 2, 0)


def test_the_inputs_stay_as_they_were():
    uploads = [upload(1, head=torch.tensor(1.0)), upload(1, head=torch.tensor(2.0))]
    block_average(OLD, uploads)
    assert float(OLD["head"]) == 1.0 and float(uploads[0].weights["head"]) == 1.0
