"""Packages of several clients together say what each one says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange import Many, Package, Tensors, Weights, named
from counterpoint.exchange.many import finite, verified

NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Note(Package):
    """Named tensors, and one that may be left out."""

    values: Tensors = named()
    one: Tensor | None = None


@dataclass(frozen=True)
class Picky(Package):
    """It has a rule of its own."""

    number: Tensor | None = None

    def verify(self) -> None:
        if self.number is not None and float(self.number) > 1:
            raise PackageError(f"{float(self.number)} is more than 1")


@dataclass(frozen=True)
class Strict(Weights):
    """Weights with a further rule."""

    def verify(self) -> None:
        super().verify()
        if int(self.samples or 0) > 10:
            raise PackageError("too many samples")


def note(client: int) -> Note:
    values = {"a": torch.full((2, 3), float(client)), "b": torch.tensor(client)}
    return Note(values, torch.tensor([float(client)])).sent_by(client)


def together(packages: Sequence[Package]) -> Many[Package]:
    """What stands for these packages."""
    tensors = [package.tensors() for package in packages]
    stacked = {key: torch.stack([each[key] for each in tensors]) for key in tensors[0]}
    return Many(tuple(p.client for p in packages), type(packages[0]).of_tensors(stacked))


def same(a: Package, b: Package) -> bool:
    left, right = a.tensors(), b.tensors()
    return (
        type(a) is type(b)
        and a.client == b.client
        and list(left) == list(right)
        and all(torch.equal(left[key], right[key]) and left[key].dtype == right[key].dtype for key in left)
    )


@pytest.mark.parametrize("clients", [(4,), (0, 3, 7), (7, 3)])
def test_each_is_what_was_put_together(clients: tuple[int, ...]):
    packages = [note(client) for client in clients]
    many = together(packages)
    assert len(many) == len(clients) and many.clients == clients
    assert all(map(same, many.each(), packages))
    for package in many.each():
        assert (
            package.values["a"].untyped_storage().data_ptr() == many.together.values["a"].untyped_storage().data_ptr()
        )


def test_one_package_is_many_of_one():
    many = Many.of_one(note(5))
    assert many.clients == (5,) and many.together.values["a"].shape == (1, 2, 3)
    (again,) = many.each()
    assert same(again, note(5))


def test_what_is_not_sent_stays_away():
    many = together([Note({"a": torch.ones(1)}).sent_by(i) for i in range(2)])
    assert [package.one for package in many.each()] == [None, None]
    assert [package.one for package in many.rows([1]).each()] == [None]


def test_packages_without_tensors():
    many = Many((2, 5), Note())
    assert [(p.client, p.tensors()) for p in many.each()] == [(2, {}), (5, {})]
    assert many.rows([1]).clients == (5,) and finite(many) == [True, True] and verified(many) == [None, None]


@pytest.mark.parametrize("keep", [[0, 1, 2], [2], [2, 0], []])
def test_rows_are_those_clients_in_that_order(keep: list[int]):
    packages = [note(client) for client in (1, 4, 9)]
    kept = together(packages).rows(keep)
    assert len(kept) == len(keep) and kept.clients == tuple((1, 4, 9)[i] for i in keep)
    assert all(map(same, kept.each(), [packages[i] for i in keep]))


def spoiled(by: float, kind: torch.dtype) -> Many[Package]:
    """Clients 0 to 4; the third and the last sent what is not finite, in the last of their numbers."""
    whole = torch.linspace(-1, 1, 30).view(5, 2, 3).to(kind)
    whole.view(5, 6)[[2, 4], 5] = torch.tensor(by).to(kind)
    return Many((0, 1, 2, 3, 4), Note({"good": torch.ones(5, 2), "bad": whole, "n": torch.arange(5)}))


@pytest.mark.parametrize("by", [NAN, INF, -INF])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64])
def test_who_sent_what_is_not_finite(by: float, kind: torch.dtype):
    assert finite(spoiled(by, kind)) == [True, True, False, True, False]


def test_of_the_8_bit_types_too():
    assert finite(spoiled(NAN, torch.float8_e4m3fn)) == [True, True, False, True, False]
    assert finite(spoiled(INF, torch.float8_e5m2)) == [True, True, False, True, False]


def test_one_bad_tensor_is_enough():
    values = {name: torch.zeros(4, 2) for name in "abc"}
    values["a"][3, 0], values["c"][1, 1] = NAN, INF
    assert finite(Many((0, 1, 2, 3), Note(values))) == [True, False, True, False]


def test_infinities_of_both_signs_do_not_cancel():
    values = torch.zeros(3, 4)
    values[1, :2] = torch.tensor([INF, -INF])
    assert finite(Many((0, 1, 2), Note({"a": values}))) == [True, False, True]


def test_a_sum_that_overflows_is_not_held_against_anyone():
    great = torch.full((3, 4), 3e38)
    assert not torch.isfinite(great.sum())
    assert finite(Many((0, 1, 2), Note({"a": great}))) == [True] * 3
    great[1, 2] = NAN
    assert finite(Many((0, 1, 2), Note({"a": great}))) == [True, False, True]


def test_tensors_of_any_shape():
    empty = Many((0, 1), Note({"none": torch.zeros(2, 0), "scalar": torch.tensor([1.0, NAN])}))
    assert finite(empty) == [True, False]
    assert finite(Many((0,), Note({"a": torch.tensor([[1.0, INF]])}))) == [False]


def test_turned_tensors():
    """As a local program sends a transposed matrix: `client.map(lambda w: w.T, w)`."""
    turned = torch.zeros(2, 3, 4).transpose(1, 2)
    turned[1, 2, 1] = NAN
    assert finite(Many((0, 1), Note({"a": turned}))) == [True, False]


def weights(samples: Tensor | None) -> Many[Package]:
    return Many((3, 5, 8), Weights({"a": torch.zeros(3, 2)}, samples))


COUNTS = "its 'samples' is not one whole number from 0 up"


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (torch.tensor([5, 0, 9]), [None] * 3),
        (torch.tensor([5, -1, 9]), [None, COUNTS, None]),
        (torch.tensor([5.0, 1.0, 9.0]), [COUNTS] * 3),
        (torch.tensor([[5], [1], [9]]), [COUNTS] * 3),
        (torch.tensor([5, 1, 9], dtype=torch.int32), [COUNTS] * 3),
        (None, ["it does not say how many samples it stands for"] * 3),
    ],
)
def test_weights_say_how_many_samples(samples: Tensor | None, expected: list[str | None]):
    many = weights(samples)
    assert verified(many) == expected
    assert verified(many) == [complaint(package) for package in many.each()]


def complaint(package: Package) -> str | None:
    try:
        package.verify()
    except PackageError as error:
        return str(error)
    return None


def test_a_rule_of_ones_own_is_asked_of_each():
    many = Many((0, 1, 2), Picky(torch.tensor([0.5, 2.0, 1.0])))
    assert verified(many) == [None, "2.0 is more than 1", None]
    strict = Many((0, 1), Strict({"a": torch.zeros(2, 2)}, torch.tensor([10, 11])))
    assert verified(strict) == [None, "too many samples"]


@pytest.mark.parametrize("make", [lambda: together([note(0), note(1)]), lambda: weights(torch.tensor([1, 2, 3]))])
def test_without_a_rule_of_its_own_no_package_is_taken_apart(
    make: Callable[[], Many[Package]], monkeypatch: pytest.MonkeyPatch
):
    many = make()
    monkeypatch.setattr(Many, "each", lambda self: pytest.fail("taken apart"))
    assert verified(many) == [None] * len(many) and finite(many) == [True] * len(many)
