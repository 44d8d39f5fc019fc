import contextlib
import json
import pickle
import struct
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange import Package, Tensors, Weights, decode, encode, named, per_block, per_modality

MANY = 10**6
DTYPES = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]


@dataclass(frozen=True)
class Every(Package):
    """One field of each kind."""

    one: Tensor
    blocks: Tensors = per_block()
    senses: Tensors = per_modality()
    rest: Tensors = named()
    perhaps: Tensor | None = None


@dataclass(frozen=True)
class Wrong(Package):
    """`one` and `rest` with their kinds exchanged."""

    rest: Tensor
    one: Tensors = named()


def raw(header: Any, values: bytes = b"") -> bytes:
    """Safetensors bytes with a header of one's own."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def entry(dtype: str, shape: list[int], size: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}


def bits(value: Tensor) -> tuple[torch.dtype, tuple[int, ...], bytes]:
    return value.dtype, tuple(value.shape), value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def test_every_kind_of_field_comes_back():
    sent = Every(
        torch.tensor([1.5, -2.0]),
        blocks={"head.weight": torch.arange(6).reshape(2, 3), "head.bias": torch.zeros(0)},
        senses={"acc": torch.tensor(3)},
        rest={"all/of it": torch.tensor([True, False])},
    )
    got = decode(encode(sent), Every, MANY)
    assert got.tensors().keys() == sent.tensors().keys()
    for key, value in sent.tensors().items():
        assert bits(got.tensors()[key]) == bits(value), key
    assert got.perhaps is None
    assert got.client == -1


def test_a_field_that_may_be_left_out_travels_when_it_is_there():
    got = decode(encode(Every(torch.ones(1), perhaps=torch.tensor(7))), Every, MANY)
    assert got.perhaps is not None and int(got.perhaps) == 7


def test_the_sender_is_not_encoded():
    package = Weights({"a": torch.ones(2)})
    assert encode(package.sent_by(5)) == encode(package)
    assert package.sent_by(5).client == 5 and package.client == -1


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3), st.integers(0, 2**31)),
        max_size=4,
    )
)
def test_any_names_types_and_shapes_come_back(entries: dict[str, tuple[torch.dtype, list[int], int]]):
    values = {}
    for name, (dtype, shape, seed) in entries.items():
        drawn = torch.randint(0, 256, (*shape, dtype.itemsize), generator=torch.Generator().manual_seed(seed))
        drawn = drawn % 2 if dtype == torch.bool else drawn
        values[name] = drawn.to(torch.uint8).contiguous().view(dtype).reshape(shape)
    got = decode(encode(Weights(values)), Weights, MANY)
    assert {n: bits(v) for n, v in got.weights.items()} == {n: bits(v) for n, v in values.items()}


def test_views_and_shared_memory_and_gradients_are_no_obstacle():
    big = torch.arange(12.0).reshape(3, 4)
    values = {"a": big, "b": big, "row": big[1], "turned": big.T, "leaf": torch.ones(2, requires_grad=True)}
    got = decode(encode(Weights(values)), Weights, MANY).weights
    assert all(torch.equal(got[n], values[n]) for n in values)
    assert not any(value.requires_grad for value in got.values())


def test_what_arrives_shares_no_memory_with_what_was_sent():
    sent = Weights({"a": torch.ones(2)})
    got = decode(encode(sent), Weights, MANY)
    got.weights["a"].zero_()
    assert sent.weights["a"].tolist() == [1, 1]


GOOD = encode(Weights({"a": torch.ones(2, 2), "b": torch.tensor(1.0)}, torch.tensor(3)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        b"\xff" * 64,
        struct.pack("<Q", 2**63) + GOOD[8:],
        struct.pack("<Q", len(GOOD)) + GOOD[8:],
        GOOD + b"\x00",
        b"\x01" + GOOD[1:],
        pickle.dumps({"a": torch.ones(2)}),
        raw([]),
        raw({"samples": entry("I64", [2**63, 0], 0)}),
        raw({"samples": entry("I64", [2**64 - 1, 0], 0)}),
        raw({"samples": entry("F8_E8M0", [1], 1)}, b"\x01"),
        raw({"samples": entry("I64", [2], 8)}, b"\x01" * 8),
        raw({"samples": entry("X99", [], 8)}, b"\x01" * 8),
    ],
)
def test_damaged_bytes_are_refused(data: bytes):
    with pytest.raises(PackageError, match="damaged"):
        decode(data, Weights, MANY)


@pytest.mark.parametrize("length", range(0, len(GOOD), 5))
def test_truncated_bytes_are_refused(length: int):
    with pytest.raises(PackageError):
        decode(GOOD[:length], Weights, MANY)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes):
    with pytest.raises(PackageError):
        decode(data + b"!", Weights, MANY)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_flipped_bytes_never_raise_anything_else(flips: list[tuple[int, int]]):
    data = bytearray(GOOD)
    for place, value in flips:
        data[place] = value
    with contextlib.suppress(PackageError):
        decode(bytes(data), Weights, MANY)


def test_too_large_is_refused_unread():
    assert decode(GOOD, Weights, len(GOOD)).samples is not None
    with pytest.raises(PackageError, match=f"{len(GOOD)} bytes, at most {len(GOOD) - 1}"):
        decode(GOOD, Weights, len(GOOD) - 1)
    with pytest.raises(PackageError, match="at most 10"):
        decode(b"\x00" * 11, Weights, 10)


def test_wrong_fields_are_refused():
    every = Every(torch.ones(1), rest={"a": torch.ones(1)})
    with pytest.raises(PackageError, match="unknown entry 'one'"):
        decode(encode(every), Weights, MANY)
    with pytest.raises(PackageError, match="'one' is missing"):
        decode(encode(Weights()), Every, MANY)
    with pytest.raises(PackageError, match="'rest' must be one tensor"):
        decode(encode(every), Wrong, MANY)
    with pytest.raises(PackageError, match="'one' must be named tensors"):
        decode(raw({"one": entry("U8", [], 1), "rest": entry("U8", [0], 0)}, b"\x01"), Wrong, MANY)


def test_a_package_is_data_and_cannot_hold_code():
    data = encode(Weights({"a": torch.ones(2)}, torch.tensor(1)))
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert set(header) == {"weights/a", "samples"}
    assert len(data) == 8 + length + 2 * 4 + 8
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(data)
