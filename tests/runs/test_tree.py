"""Nested values become tensors and JSON, and come back the same."""

import json

import pytest
import torch

from counterpoint.errors import CounterpointError
from counterpoint.runs.tree import flatten, unflatten


def test_everything_comes_back() -> None:
    value = {
        "weights": {"a.b": torch.arange(3), "scalar": torch.tensor(2.5)},
        3: [1, 2.5, "text", None, True, (1, torch.zeros(0))],
        "empty": {},
        "odd/name": {"items": [], "tensor": "no tensor"},
    }
    tensors: dict[str, torch.Tensor] = {}
    text = json.dumps(flatten(value, "", tensors))
    back = unflatten(json.loads(text), tensors)
    assert list(back) == list(value)
    assert torch.equal(back["weights"]["a.b"], torch.arange(3))
    assert back["weights"]["scalar"].item() == 2.5
    assert back[3][:5] == value[3][:5]  # type: ignore[index]
    assert isinstance(back[3][5], tuple)
    assert back["odd/name"] == {"items": [], "tensor": "no tensor"}
    assert back["empty"] == {}


def test_names_that_could_collide_do_not() -> None:
    value = {"a": {"b": torch.tensor(1)}, "a/b": torch.tensor(2)}
    tensors: dict[str, torch.Tensor] = {}
    back = unflatten(flatten(value, "", tensors), tensors)
    assert back["a"]["b"].item() == 1
    assert back["a/b"].item() == 2


def test_what_cannot_be_saved_is_named() -> None:
    with pytest.raises(CounterpointError, match=r"/method/helper cannot be saved: it is a set"):
        flatten({"method": {"helper": {1, 2}}}, "", {})
