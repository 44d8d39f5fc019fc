"""Values through shared memory: every kind of tensor, what is one stays one, and what does not fit."""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.engines import arena
from counterpoint.engines.arena import Arena

X = torch.arange(24, dtype=torch.float32).reshape(4, 6) + 0.1
Z = torch.complex(X, -X)
TENSORS = {
    "plain": X,
    "transposed": X.t(),
    "strided": X[::2, 1::2],
    "expanded": X[:, :1].expand(4, 5),
    "no dimension": torch.tensor(2.5),
    "empty": torch.empty(0, 3),
    "empty bytes": torch.empty(2, 0, dtype=torch.uint8),
    "bool": X > 9,
    "int64": torch.tensor([2**62 + 1, -1]),
    "bfloat16": X.bfloat16(),
    "float64": X.double() / 3,
    "complex": Z,
    "conjugate": Z.conj(),
    "negative": Z.conj().imag,
    "not finite": torch.tensor([float("nan"), float("inf"), -0.0]),
    "leaf": X.clone().requires_grad_(),
    "of a graph": X.clone().requires_grad_() * 2,
    "parameter": nn.Parameter(X.clone()),
}
PAGE = torch.zeros(mmap.PAGESIZE // 4)
Carry = Callable[[Any], Any]


@dataclass(frozen=True)
class Record:
    name: str
    tensors: dict[str, Tensor]
    rest: Any


@pytest.fixture(params=["copied", "in place", "in the pickle"])
def carry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Carry:
    """Dumps and loads; in the last case a tensor before the value fills the arena."""
    full = request.param == "in the pickle"
    monkeypatch.setattr(arena, "SIZE", mmap.PAGESIZE if full else 2**32)
    shared = Arena()
    return lambda value: shared.load(shared.dump([PAGE, value] if full else [value]), copy=request.param == "copied")[
        -1
    ]


def bits(x: Tensor) -> bytes:
    return x.detach().resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def same(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and bits(a) == bits(b)


def test_all_kinds_in_one_value(carry: Carry):
    got = carry(Record("all", TENSORS, (1, None, "two", [X, 3.0], {4: X > 9})))
    assert isinstance(got, Record) and got.name == "all" and list(got.tensors) == list(TENSORS)
    for name, x in TENSORS.items():
        y = got.tensors[name]
        assert same(y, x), name
        assert type(y) is Tensor and y.is_contiguous() and not y.requires_grad and y.grad_fn is None, name
        assert not y.is_conj() and not y.is_neg(), name
    assert got.rest[:3] == (1, None, "two") and same(got.rest[3][0], X) and same(got.rest[4][4], X > 9)


def test_what_is_not_dense_travels_too(carry: Carry):
    x = torch.eye(3).to_sparse()
    got = carry({"x": x})["x"]
    assert got.layout is torch.sparse_coo and same(got.to_dense(), torch.eye(3))


def test_one_tensor_stays_one(carry: Carry):
    x = X.clone()
    got = carry([{"w": x}, {"w": x}, x.view(4, 6), x.clone()])
    got[0]["w"][:] = 7.0
    assert float(got[1]["w"].min()) == float(got[2].min()) == 7.0
    assert same(got[3], X)


def test_same_memory_of_other_form_is_another_tensor(carry: Carry):
    x = X.clone()
    forms = [x, x.t(), x.view(torch.int32), x.view(6, 4), x[:, :5], Z, Z.conj(), Z.imag, Z.conj().imag]
    assert all(same(a, b) for a, b in zip(carry(forms), forms, strict=True))


class Made:
    """A list of tensors that are made while it is pickled, each freed before the next."""

    def __reduce__(self) -> Any:
        return list, (), None, (torch.full((50,), float(i)) for i in range(40))


def test_tensors_that_live_for_the_pickle_only(carry: Carry):
    assert [float(x.max()) for x in carry(Made())] == list(range(40))


def test_shared_tensor_is_written_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arena, "SIZE", 2**20 + 2**16)
    shared = Arena()
    x = torch.randn(2**18)
    assert len(shared.dump([{"w": x} for _ in range(50)])) < 2000
    assert len(shared.dump([{"w": x.clone()} for _ in range(2)])) > 2**20


def test_copies_are_of_their_own():
    shared = Arena()
    first = shared.load(shared.dump([X, X > 9]), copy=True)
    view = shared.load(shared.dump([X + 1]), copy=False)[0]
    shared.dump([X - 5])
    assert same(first[0], X) and same(first[1], X > 9) and same(view, X - 5)


def test_places_are_aligned():
    shared = Arena()
    views = shared.load(shared.dump([torch.ones(3, dtype=torch.uint8), torch.ones(5), X.double(), Z]), copy=False)
    assert {x.data_ptr() % 64 for x in views} == {0} and len({x.data_ptr() for x in views}) == 4


def test_refused_mapping_is_made_smaller(monkeypatch: pytest.MonkeyPatch):
    real = mmap.mmap

    def granted(at_most: int) -> Callable[..., mmap.mmap]:
        def make(file: int, size: int, **flags: Any) -> mmap.mmap:
            if size > at_most:
                raise OSError("no")
            return real(file, size, **flags)

        return make

    monkeypatch.setattr(mmap, "mmap", granted(2**24))
    shared = Arena()
    assert len(shared.memory) == 2**24 and same(shared.load(shared.dump(X), copy=True), X)
    monkeypatch.setattr(mmap, "mmap", granted(0))
    with pytest.raises(OSError, match="no"):
        Arena()
