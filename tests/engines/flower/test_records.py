"""Packages as Flower's records, and back to the same bytes."""

import numpy
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict

from counterpoint.engines.flower.order import Answer, Order
from counterpoint.engines.flower.records import (
    answer_in,
    array_of,
    of_answer,
    of_order,
    of_package,
    order_in,
    package_in,
    tensor_of,
)
from counterpoint.errors import PackageError
from counterpoint.exchange import Weights, encode

TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int64, torch.bool]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_a_tensor_comes_back_as_it_was(dtype: torch.dtype, shape: tuple[int, ...]):
    tensor = (torch.arange(torch.Size(shape).numel()).reshape(shape) % 2).to(dtype)
    found = tensor_of(array_of(tensor))
    assert found.dtype == dtype
    assert found.shape == tensor.shape
    assert torch.equal(found, tensor)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16", "int8"])
def test_a_package_comes_back_to_the_byte(precision: str):
    weights = {"acc.encoder.weight": torch.randn(4, 3), "head.bias": torch.randn(2)}
    data = encode(Weights(weights, torch.tensor(7)), precision)
    assert package_in(RecordDict(of_package(data))) == data


def test_clients_with_other_modalities_have_other_names():
    found = of_package(encode(Weights({"acc.w": torch.ones(1)}, torch.tensor(1))))
    assert {record: list(arrays) for record, arrays in found.items()} == {
        "package/samples": [""],
        "package/weights": ["acc.w"],
    }


def test_an_order_comes_back_whole():
    order = Order(3, "local", 2, 1, ("acc", "gyro"), "Weights", encode(Weights({"acc.w": torch.ones(2)})))
    assert order_in(of_order(order, "a run", "seed = 0")) == (order, "a run", "seed = 0")


def test_an_answer_comes_back_whole():
    data = encode(Weights({"acc.w": torch.ones(2)}, torch.tensor(3)))
    assert answer_in(of_answer(Answer(3, data)), 3, 10_000) == Answer(3, data)
    failed = Answer(3, failed="no disk left")
    assert answer_in(of_answer(failed), 3, 10_000) == failed


def test_what_is_no_order_is_refused():
    with pytest.raises(PackageError, match="it is no order"):
        order_in(RecordDict({"order": ConfigRecord({"client": 1})}))
    with pytest.raises(PackageError, match="it is no order"):
        order_in(RecordDict())


def damaged(array: Array) -> RecordDict:
    return RecordDict({"answer": ConfigRecord({"failed": ""}), "package/weights": ArrayRecord({"w": array})})


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (Array("float32", (1,), "numpy.ndarray", b"12"), "an array is damaged"),
        (Array("float32", (1,), "other", b"1234"), "an array is damaged"),
        (Array("bfloat16", (3,), "raw", b"12"), "an array is damaged"),
        (Array("bfloat16", (1,), "raw", b"1"), "an array is damaged"),
        (Array(numpy.array(["text"])), "an array is damaged"),
        (Array(numpy.zeros(1000, dtype=numpy.float32)), "at most 1000 are taken"),
    ],
    ids=["cut off", "unknown", "short", "half", "text", "long"],
)
def test_a_damaged_answer_is_a_failure(array: Array, complaint: str):
    found = answer_in(damaged(array), 5, 1000)
    assert found.client == 5
    assert found.data == b""
    assert complaint in str(found.failed)


def test_numpy_never_unpickles():
    import io

    buffer = io.BytesIO()
    numpy.save(buffer, numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    found = answer_in(damaged(Array("object", (1,), "numpy.ndarray", buffer.getvalue())), 0, 10_000)
    assert "an array is damaged" in str(found.failed)
