"""Packages in fewer bits: their bytes, and what of such bytes is refused."""

import contextlib
import json
import struct
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange import (
    ExchangeSettings,
    Layout,
    Package,
    Precision,
    Tensors,
    TensorSpec,
    Weights,
    bytes_by_block,
    check,
    decode,
    encode,
    named,
    per_modality,
    received,
)

MANY = 10**6
EVERY: tuple[Precision, ...] = ("float32", "float16", "bfloat16", "int8")
LOSSY = EVERY[1:]
NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Mixed(Package):
    one: Tensor
    two: Tensor | None = None
    senses: Tensors = per_modality()
    rest: Tensors = named()


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


MIXED = Mixed(
    drawn(3, 4),
    two=torch.tensor(0.1),
    senses={"gyro": drawn(5), "acc": drawn(2, 2, 3)},
    rest={
        "F32/a:b": drawn(4, 1),
        "double": torch.full((3,), 0.1, dtype=torch.float64),
        "half": drawn(6, 2).half(),
        "brain": drawn(6).bfloat16(),
        "whole": torch.tensor([1, 300]),
        "eight": torch.tensor([1, -128], dtype=torch.int8),
        "truth": torch.tensor([True, False]),
        "complex": torch.tensor([1 + 2j, 0]),
        "none": torch.zeros(0, 3),
        "one": torch.full((1, 1), 0.3),
    },
)


def same(a: Package, b: Package) -> bool:
    left, right = a.tensors(), b.tensors()
    return list(left) == list(right) and all(
        torch.equal(left[k], right[k]) and left[k].dtype == right[k].dtype and left[k].shape == right[k].shape
        for k in left
    )


@pytest.mark.parametrize("precision", EVERY)
def test_what_arrives_is_known_without_the_bytes(precision: Precision):
    got = decode(encode(MIXED, precision), Mixed, MANY, precision)
    assert same(got, received(MIXED, precision))
    sent, found = MIXED.tensors(), got.tensors()
    assert {k: (v.shape, v.dtype) for k, v in sent.items()} == {k: (v.shape, v.dtype) for k, v in found.items()}
    changed = {name or field for (field, name) in sent if not torch.equal(sent[field, name], found[field, name])}
    wide = {"one", "gyro", "acc", "F32/a:b"}
    assert changed == {"float32": set(), "int8": wide | {"half", "brain"}}.get(precision, wide)
    assert found["rest", "one"].item() == torch.tensor(0.3).item()


def test_in_full_precision_nothing_is_marked():
    data = encode(MIXED)
    assert encode(MIXED, "float32") == data
    assert set(load(data)) == {f"{field}/{name}" if name else field for field, name in MIXED.tensors()}
    assert ExchangeSettings() == ExchangeSettings("float32", "float32")


@pytest.mark.parametrize("precision", EVERY)
def test_what_arrives_shares_no_memory_with_what_was_sent(precision: Precision):
    sent = Weights({"a": torch.ones(2), "b": torch.tensor(1)})
    received(sent, precision).weights["a"].zero_()
    received(sent, precision).weights["b"].zero_()
    assert sent.weights["a"].tolist() == [1, 1] and sent.weights["b"].item() == 1


def test_the_bytes_are_those_that_are_said():
    package = Weights({"b": torch.tensor([[1.0, -2.0], [0.0, 0.0]]), "a": torch.tensor([4.0, 0.0])}, torch.tensor(3))
    entries = load(encode(package, "int8"))
    assert set(entries) == {"weights:F32/a", "weights:F32/b", "samples", ":scales"}
    assert entries["weights:F32/b"].tolist() == [[64, -127], [0, 0]]  # 63.5 goes to even
    assert entries["weights:F32/a"].tolist() == [127, 0]
    assert torch.equal(entries[":scales"], torch.tensor([4.0, 2.0, 0.0]) / 127), "in order of name and row"
    half = load(encode(package, "float16"))
    assert set(half) == {"weights:F32/a", "weights:F32/b", "samples"} and half["weights:F32/a"].dtype == torch.float16
    assert half["samples"].dtype == torch.int64


LAYOUT = Layout(
    {
        "encoder.weight": TensorSpec((4, 3), torch.float32, "encoder"),
        "encoder.bias": TensorSpec((4,), torch.float32, "encoder"),
        "head.weight": TensorSpec((2, 4), torch.float32, "head"),
        "head.count": TensorSpec((), torch.int64, "head", buffer=True),
    }
)
WHOLE = Weights(
    {
        "encoder.weight": drawn(4, 3),
        "encoder.bias": drawn(4),
        "head.weight": drawn(2, 4),
        "head.count": torch.tensor(7),
    },
    torch.tensor(12),
)


@pytest.mark.parametrize(
    ("precision", "encoder", "head"),
    [
        ("float32", 4 * 16, 4 * 8 + 8),
        ("float16", 2 * 16, 2 * 8 + 8),
        ("bfloat16", 2 * 16, 2 * 8 + 8),
        ("int8", 16 + 4 * (4 + 1), 8 + 4 * 2 + 8),
    ],
)
def test_scales_are_bytes_of_their_tensor(precision: Precision, encoder: int, head: int):
    data = encode(WHOLE, precision)
    counted = bytes_by_block(WHOLE, len(data), LAYOUT, precision)
    (length,) = struct.unpack("<Q", data[:8])
    assert counted == {"encoder": encoder, "head": head, "samples": 8, "envelope": 8 + length}
    assert counted == bytes_by_block(decode(data, Weights, MANY, precision), len(data), LAYOUT, precision)


@pytest.mark.parametrize("precision", EVERY)
def test_the_length_depends_on_the_form_alone(precision: Precision):
    zeros = Weights({n: torch.zeros_like(v) for n, v in WHOLE.weights.items()}, torch.tensor(0))
    assert len(encode(zeros, precision)) == len(encode(WHOLE, precision))


def altered(entries: Tensors, **changes: Tensor | None) -> bytes:
    """Bytes of an upload with some entries in place of its own; those that are None are left out."""
    return save({k: v for k, v in {**entries, **changes}.items() if v is not None})


EIGHT = load(encode(WHOLE, "int8"))
SCALES = EIGHT[":scales"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({":scales": None}, "its scales are missing"),
        ({":scales": SCALES[:-1]}, r"its scales have shape \(6,\) and type torch.float32 instead of \(7,\) and"),
        ({":scales": torch.cat([SCALES, SCALES])}, r"its scales have shape \(14,\)"),
        ({":scales": SCALES.reshape(1, 7).clone()}, r"its scales have shape \(1, 7\)"),
        ({":scales": SCALES.double()}, "type torch.float64 instead of"),
        ({":scales": SCALES.to(torch.int32)}, "type torch.int32 instead of"),
        ({":scales": -SCALES}, "one of its scales is negative"),
        ({":scales": torch.cat([SCALES[:-1], torch.tensor([NAN])])}, "'head.weight' holds NaN or infinity"),
        ({":scales": torch.cat([SCALES[:-1], torch.tensor([INF])])}, "'head.weight' holds NaN or infinity"),
        ({":scales": torch.cat([torch.tensor([NAN]), SCALES[1:]])}, "'encoder.bias' holds NaN or infinity"),
        ({":scales": torch.full((7,), 3e38)}, "holds NaN or infinity"),
        ({"weights:F32/head.weight": drawn(2, 4)}, "'head.weight' came as torch.float32 instead of torch.int8"),
        ({"weights:F32/head.weight": drawn(2, 4).half()}, "came as torch.float16 instead of torch.int8"),
        ({"weights:F32/head.weight": EIGHT["weights:F32/head.weight"].view(torch.uint8)}, "came as torch.uint8"),
        ({"weights/head.weight": drawn(2, 4)}, "'head.weight' came as torch.float32 instead of torch.int8"),
        ({"weights/head.weight": torch.ones(2, 4).char()}, "it has 'head.weight' twice"),
        ({"weights:F64/head.weight": torch.ones(2, 4).char()}, "unknown entry 'weights:F64/head.weight'"),
        ({"weights:/x": torch.ones(2).char()}, "unknown entry 'weights:/x'"),
        ({"weights:F32/x": torch.tensor(1).char()}, "unknown entry 'weights:F32/x'"),
        ({"weights:F32/x": torch.zeros(0).char()}, "unknown entry 'weights:F32/x'"),
        ({"other:F32/x": torch.ones(2).char()}, "unknown entry 'other:F32/x'"),
        ({":other": torch.ones(2)}, "unknown entry ':other'"),
        ({"samples": torch.ones(1)}, "'samples' is not one whole number"),
        (
            {"weights:F32/head.weight": None, "weights/head.weight": torch.ones(2, 4).char(), ":scales": SCALES[:5]},
            "'head.weight' has type torch.int8 instead of torch.float32",
        ),
        (
            {"weights:F32/head.weight": None, "weights:F16/head.weight": EIGHT["weights:F32/head.weight"]},
            "'head.weight' has type torch.float16 instead of torch.float32",
        ),
        (
            {"weights:F32/head.weight": torch.ones(4, 2).char(), ":scales": torch.ones(9)},
            r"'head.weight' has shape \(4, 2\) instead of \(2, 4\)",
        ),
    ],
)
def test_what_of_eight_bits_is_refused(changes: dict[str, Tensor | None], complaint: str):
    check(decode(altered(EIGHT), Weights, MANY, "int8"), LAYOUT, [])
    with pytest.raises(PackageError, match=complaint):
        check(decode(altered(EIGHT, **changes), Weights, MANY, "int8"), LAYOUT, [])


@pytest.mark.parametrize("agreed", EVERY)
@pytest.mark.parametrize("sent", EVERY)
def test_only_the_precision_that_was_agreed_is_taken(sent: Precision, agreed: Precision):
    data = encode(WHOLE, sent)
    if sent == agreed:
        decode(data, Weights, MANY, agreed)
        return
    with pytest.raises(PackageError, match=r"came as|unknown entry"):
        decode(data, Weights, MANY, agreed)


def test_scales_that_nothing_needs_are_refused():
    for precision in EVERY:
        for scales in (torch.ones(1), torch.ones(0)):
            data = save({"samples": torch.tensor(1), ":scales": scales})
            with pytest.raises(PackageError, match="unknown entry ':scales'"):
                decode(data, Weights, MANY, precision)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_infinity_on_the_wire_is_refused_like_any_other(precision: Precision):
    entries = load(encode(WHOLE, precision))
    entries["weights:F32/head.weight"][0, 0] = INF
    with pytest.raises(PackageError, match=r"'head\.weight' holds NaN or infinity"):
        check(decode(save(entries), Weights, MANY, precision), LAYOUT, [])


def test_what_does_not_fit_is_not_sent():
    package = Mixed(
        torch.tensor([[1.0, 7e4]]), two=torch.tensor(1e9), rest={"double": torch.full((2,), 1e200, dtype=torch.float64)}
    )
    for how in (encode, received):
        with pytest.raises(PackageError, match=r"'one' holds 70000, and float16 carries at most 65504"):
            how(package, "float16")
        how(package, "bfloat16")
        how(package, "int8")


GOOD = {precision: encode(WHOLE, precision) for precision in LOSSY}


@pytest.mark.parametrize("precision", LOSSY)
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_flipped_bytes_never_raise_anything_else(precision: Precision, flips: list[tuple[int, int]]):
    data = bytearray(GOOD[precision])
    for place, value in flips:
        data[place % len(data)] = value
    with contextlib.suppress(PackageError):
        check(decode(bytes(data), Weights, MANY, precision), LAYOUT, [])


@pytest.mark.parametrize("precision", LOSSY)
def test_truncated_bytes_are_refused(precision: Precision):
    for length in range(0, len(GOOD[precision]), 7):
        with pytest.raises(PackageError):
            decode(GOOD[precision][:length], Weights, MANY, precision)


def test_a_shape_that_only_the_header_has_is_refused():
    header = {"weights:F32/a": {"dtype": "I8", "shape": [2**40, 2], "data_offsets": [0, 2**41]}}
    text = json.dumps(header).encode()
    with pytest.raises(PackageError, match="damaged"):
        decode(struct.pack("<Q", len(text)) + text, Weights, MANY, "int8")
