from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange import Layout, Package, Tensors, TensorSpec, Weights, check, named, per_modality

LAYOUT = Layout(
    {
        "encoder.acc.weight": TensorSpec((2, 3), torch.float32, "encoder.acc", "acc"),
        "encoder.acc.bias": TensorSpec((2,), torch.float32, "encoder.acc", "acc"),
        "encoder.gyro.weight": TensorSpec((2, 3), torch.float32, "encoder.gyro", "gyro"),
        "norm.weight": TensorSpec((2,), torch.float32, "norm"),
        "norm.count": TensorSpec((), torch.int64, "norm", buffer=True),
    }
)
ACC = {"encoder.acc.weight": torch.ones(2, 3), "encoder.acc.bias": torch.ones(2)}
GYRO = {"encoder.gyro.weight": torch.ones(2, 3)}
NORM = {"norm.weight": torch.ones(2), "norm.count": torch.tensor(4)}


@dataclass(frozen=True)
class Senses(Package):
    senses: Tensors = per_modality()
    rest: Tensors = named()


def weights(*parts: Tensors, samples: Tensor | None = None) -> Weights:
    return Weights({n: v for part in parts for n, v in part.items()}, torch.tensor(5) if samples is None else samples)


@pytest.mark.parametrize(
    "good",
    [
        weights(),
        weights(ACC),
        weights(ACC, NORM),
        weights({"norm.weight": torch.ones(2)}),  # buffers may stay behind
        weights(NORM, samples=torch.tensor(0)),
    ],
)
def test_what_a_client_may_send(good: Weights):
    check(good, LAYOUT, ["acc"])


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"head.weight": torch.ones(1)}, "'head.weight', which the model does not have"),
        (GYRO, "'encoder.gyro.weight' of a modality that the client does not own"),
        ({"norm.weight": torch.ones(3)}, r"shape \(3,\) instead of \(2,\)"),
        ({"norm.weight": torch.ones(2, 1)}, r"shape \(2, 1\) instead of \(2,\)"),
        ({"norm.weight": torch.ones(2).double()}, "type torch.float64 instead of torch.float32"),
        ({**NORM, "norm.count": torch.tensor(4.0)}, "type torch.float32 instead of torch.int64"),
        ({"norm.weight": torch.tensor([1.0, float("nan")])}, "'norm.weight' holds NaN or infinity"),
        ({"norm.weight": torch.tensor([float("inf"), 1.0])}, "'norm.weight' holds NaN or infinity"),
        ({"norm.weight": torch.tensor([-float("inf"), 1.0])}, "'norm.weight' holds NaN or infinity"),
        ({"norm.count": torch.tensor(4)}, "part of block 'norm': 'norm.weight' is missing"),
    ],
)
def test_what_is_refused_of_a_model(extra: Tensors, complaint: str):
    with pytest.raises(PackageError, match=complaint):
        check(weights(ACC, extra), LAYOUT, ["acc"])


def test_a_part_of_a_block_is_refused():
    with pytest.raises(PackageError, match=r"part of block 'encoder.acc': 'encoder.acc.bias' is missing"):
        check(weights({"encoder.acc.weight": torch.ones(2, 3)}), LAYOUT, ["acc"])


@pytest.mark.parametrize(
    "samples",
    [
        None,
        torch.tensor(-1),
        torch.tensor(2.0),
        torch.tensor(float("nan")),
        torch.tensor([2, 3]),
        torch.tensor([], dtype=torch.int64),
        torch.tensor(True),
    ],
)
def test_an_upload_must_say_of_how_many_samples_it_is(samples: Tensor | None):
    with pytest.raises(PackageError, match="samples"):
        check(Weights(ACC, samples), LAYOUT, ["acc"])


def test_modalities_must_be_owned():
    check(Senses({"acc": torch.ones(1)}, {"gyro": torch.ones(1)}), LAYOUT, ["acc"])
    with pytest.raises(PackageError, match="modality 'gyro', which the client does not own"):
        check(Senses({"acc": torch.ones(1), "gyro": torch.ones(1)}), LAYOUT, ["acc"])


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64],
)
def test_nan_is_found_in_every_type(dtype: torch.dtype):
    check(Senses(rest={"a": torch.ones(2).to(dtype), "none": torch.ones(0).to(dtype)}), LAYOUT, [])
    with pytest.raises(PackageError, match="'a' holds NaN"):
        check(Senses(rest={"a": torch.tensor([1.0, float("nan")]).to(dtype)}), LAYOUT, [])


def test_infinity_hidden_in_an_imaginary_part_is_found():
    with pytest.raises(PackageError, match="NaN or infinity"):
        check(Senses(rest={"a": torch.complex(torch.ones(1), torch.full((1,), float("inf")))}), LAYOUT, [])


def test_layout_knows_blocks_owners_and_size():
    assert LAYOUT.blocks == ("encoder.acc", "encoder.gyro", "norm")
    assert LAYOUT.of_block("encoder.acc") == ("encoder.acc.weight", "encoder.acc.bias")
    assert LAYOUT.owned(["gyro"]) == ("encoder.gyro.weight", "norm.weight", "norm.count")
    assert LAYOUT.owned([]) == ("norm.weight", "norm.count")
    assert LAYOUT.size() == 4 * (6 + 2 + 6 + 2) + 8
    assert "norm.count" in LAYOUT and "norm" not in LAYOUT
