"""Values of many clients: opened for `torch.vmap`, cut, put together, and functions of one client applied to them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.engines.values import (
    Stack,
    for_each,
    gathered,
    has_stack,
    of_client,
    parted,
    rebuilt,
    rows_of,
    stacked_of,
)

OWN = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
COMMON = torch.tensor([10.0, 20.0])


def nested() -> dict[str, Any]:
    """Own and common values, in mappings, lists and tuples."""
    return {"own": Stack(OWN), "in": {"common": COMMON, "list": [Stack(OWN[:, 0]), (COMMON, Stack(OWN))]}, "number": 3}


def plain(value: Any) -> Any:
    """Tensors as lists, stacks as a marked pair."""
    return rebuilt(value, lambda leaf: {"each": leaf.each.tolist()} if isinstance(leaf, Stack) else listed(leaf))


def listed(leaf: Any) -> Any:
    return leaf.tolist() if isinstance(leaf, Tensor) else leaf


def test_parted_opens_stacks_and_says_where_clients_are():
    values, dims = parted(nested())
    assert dims == {"own": 0, "in": {"common": None, "list": [0, (None, 0)]}, "number": None}
    assert values["own"].shape == (3, 2) and values["in"]["list"][0].tolist() == [1, 3, 5]
    assert values["in"]["common"] is COMMON and values["in"]["list"][1][0] is COMMON and values["number"] == 3
    assert isinstance(values["in"]["list"], list) and isinstance(values["in"]["list"][1], tuple)
    assert parted({}) == ({}, {}) and parted(()) == ((), ())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (COMMON, False),
        (Stack(OWN), True),
        ({}, False),
        ({"a": [COMMON, {"b": (1, "text", None)}]}, False),
        ({"a": [COMMON, {"b": (1, Stack(OWN))}]}, True),
    ],
    ids=str,
)
def test_has_stack_looks_everywhere(value: Any, expected: bool):
    assert has_stack(value) is expected


def test_rows_of_and_of_client_leave_what_is_common():
    cut = rows_of(nested(), torch.tensor([2, 0]))
    assert cut["own"].each.tolist() == [[5, 6], [1, 2]]
    assert cut["in"]["common"] is COMMON and cut["in"]["list"][1][0] is COMMON
    assert cut["in"]["list"][0].each.tolist() == [5, 1]
    assert rows_of(nested(), slice(1))["own"].each.tolist() == [[1, 2]]
    one = of_client(nested(), 1)
    assert plain(one) == {"own": [3, 4], "in": {"common": [10, 20], "list": [3, ([10, 20], [3, 4])]}, "number": 3}
    assert not has_stack(one)


def test_gathered_undoes_of_client():
    several = [of_client({k: v for k, v in nested().items() if k != "number"}, place) for place in range(3)]
    whole = gathered(several)
    assert [plain(of_client(whole, place)) for place in range(3)] == [plain(value) for value in several]
    assert whole["in"]["common"].each.tolist() == [[10, 20]] * 3, "what each has is nobody's common value any more"
    assert isinstance(whole["in"]["list"], list) and isinstance(whole["in"]["list"][1], tuple)


@pytest.mark.parametrize(
    "values",
    [
        [{"a": COMMON}, {"a": COMMON, "b": COMMON}],
        [{"a": COMMON, "b": COMMON}, {"a": COMMON}],
        [{}, {"a": COMMON}],
        [[COMMON], [COMMON, COMMON]],
    ],
    ids=["more", "fewer", "none", "longer"],
)
def test_values_of_unequal_form_are_not_gathered(values: list[Any]):
    with pytest.raises((TypeError, ValueError), match=r"same names|argument 2 is longer"):
        gathered(values)


def test_stacked_of_takes_tensors_and_leaves_the_rest():
    assert plain(stacked_of({"a": OWN, "b": (OWN[:, 0], "text")})) == {
        "a": {"each": OWN.tolist()},
        "b": ({"each": [1, 3, 5]}, "text"),
    }


@pytest.fixture
def counted() -> tuple[Callable[..., Any], list[int]]:
    calls: list[int] = []

    def double(value: Tensor) -> Tensor:
        calls.append(value.dim())
        return value * 2

    return double, calls


def test_what_is_common_is_computed_once_and_stays_common(counted: tuple[Callable[..., Any], list[int]]):
    double, calls = counted
    assert for_each(double, COMMON).tolist() == [20, 40] and calls == [1]
    found = for_each(double, Stack(OWN))
    assert isinstance(found, Stack) and found.each.tolist() == (OWN * 2).tolist()
    assert calls == [1, 1], "a function sees the value of one client"


def test_for_each_equals_one_client_at_a_time():
    def fn(a: dict[str, Any], scale: Tensor, pair: tuple[Tensor, list[Tensor]]) -> dict[str, Any]:
        own = a["own"] * scale + pair[1][0] * a["number"]
        return {"sum": own.sum(), "parts": [own, a["in"]["list"][1][0] - pair[0]], "common": a["in"]["common"]}

    values = (nested(), Stack(torch.tensor([0.5, 2.0, -1.0])), (Stack(OWN[:, 1]), [COMMON]))
    found = for_each(fn, *values)
    for place in range(3):
        expected = fn(*(of_client(value, place) for value in values))
        assert plain(of_client(found, place)) == plain(expected)
    assert found["common"].each.shape == (3, 2)


def test_nothing_is_given_back_of_a_stack_that_is_only_one_client():
    found = for_each(lambda v: v + 1, Stack(OWN[:1]))
    assert found.each.tolist() == [[2, 3]]


LOOKS: dict[str, Callable[[Any], Any]] = {
    "times": lambda v: v * 2,
    "plus": lambda v: 1 + v,
    "tensor times": lambda v: torch.ones(2) * v,
    "torch function": torch.sum,
    "item": lambda v: v.item(),
    "int": int,
    "float": float,
    "length": len,
    "list": list,
    "index": lambda v: v[0],
    "comparison": lambda v: v > 5,
    "equality": lambda v: v == 5,
    "truth": bool,
    "negative": lambda v: -v,
}


@pytest.mark.parametrize("how", LOOKS)
def test_looking_into_a_stack_is_an_error_that_says_what_to_do(how: str):
    with pytest.raises(TypeError, match=r"may stand for many clients.*client\.map"):
        LOOKS[how](Stack(OWN))
