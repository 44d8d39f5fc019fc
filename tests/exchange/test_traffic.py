from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.exchange import (
    Layout,
    Package,
    Tensors,
    TensorSpec,
    Weights,
    bytes_by_block,
    encode,
    named,
    per_block,
    per_modality,
)

LAYOUT = Layout(
    {
        "encoder.acc.weight": TensorSpec((2, 3), torch.float32, "encoder.acc", "acc"),
        "encoder.acc.bias": TensorSpec((2,), torch.float32, "encoder.acc", "acc"),
        "head.weight": TensorSpec((5,), torch.float32, "head"),
    }
)


@dataclass(frozen=True)
class Mixed(Weights):
    teacher: Tensors = per_block()
    senses: Tensors = per_modality()
    rest: Tensors = named()


def test_bytes_are_counted_by_block_to_the_last_one():
    package = Mixed(
        {"encoder.acc.weight": torch.ones(2, 3), "encoder.acc.bias": torch.ones(2), "head.weight": torch.ones(5)},
        torch.tensor(3),
        teacher={"head.weight": torch.ones(5), "alien": torch.ones(2, dtype=torch.float16)},
        senses={"acc": torch.ones(7, dtype=torch.uint8)},
        rest={"x": torch.ones(1, dtype=torch.bool), "y": torch.ones(0)},
    )
    data = encode(package)
    counted = bytes_by_block(package, len(data), LAYOUT)
    envelope = counted.pop("envelope")
    assert counted == {
        "encoder.acc": 4 * 6 + 4 * 2,
        "head": 4 * 5 + 4 * 5,
        "samples": 8,
        "teacher": 2 * 2,
        "senses.acc": 7,
        "rest": 1,
    }
    assert envelope == len(data) - sum(counted.values()) > 8


@given(st.lists(st.integers(0, 50), max_size=4), st.booleans())
def test_bytes_by_block_add_up_to_what_is_sent(sizes: list[int], counts: bool):
    package = Weights({f"t{i}": torch.zeros(n) for i, n in enumerate(sizes)}, torch.tensor(1) if counts else None)
    data = encode(package)
    assert sum(bytes_by_block(package, len(data), LAYOUT).values()) == len(data)


def test_each_client_gets_its_share():
    package = Mixed(
        {"encoder.acc.weight": torch.ones(2, 3), "head.weight": torch.ones(5)},
        torch.tensor(3),
        teacher={"encoder.acc.weight": torch.ones(2, 3)},
        senses={"acc": torch.ones(1), "gyro": torch.ones(2)},
        rest={"acc": torch.ones(1), "encoder.acc.weight": torch.ones(1)},
    )
    mine = package.addressed(lambda name: name.startswith("head"), lambda modality: modality == "gyro")
    assert set(mine.tensors()) == {
        ("weights", "head.weight"),
        ("samples", ""),
        ("senses", "gyro"),
        ("rest", "acc"),
        ("rest", "encoder.acc.weight"),
    }
    assert len(package.weights) == 2, "the whole package is as it was"


def test_packages_are_frozen():
    with pytest.raises(AttributeError):
        Weights().samples = torch.tensor(1)  # type: ignore[misc]


def test_two_fields_of_named_tensors_do_not_share_their_default():
    first, second = Mixed(), Mixed()
    first.weights["a"] = torch.ones(1)
    assert second.weights == {} and first.teacher == {}
    assert Package.payload() == ()
