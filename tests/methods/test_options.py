from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from counterpoint.errors import UserError
from counterpoint.methods import METHODS, FedAvg


class Parent(FedAvg):
    rate: Annotated[float, Field(gt=0, le=1, description="how much")] = 0.5
    steps: int = 3
    kind: ClassVar[str] = "not an option"
    bare: ClassVar = "nor this"
    _hidden: int = 1
    nothing: int  # an attribute without a default is state, not an option


class Child(Parent):
    rate: float = 2.0
    mode: Literal["fast", "slow"] = "fast"
    on: bool = False


def test_options_are_annotated_attributes_with_defaults():
    method = Child()
    assert method.options == {"rate": 2.0, "steps": 3, "mode": "fast", "on": False}
    assert list(method.options) == ["rate", "steps", "mode", "on"], "inherited ones come first"
    assert (Parent().rate, Child(rate=7).rate, Child.rate) == (0.5, 7.0, 2.0)


def test_texts_are_read_as_the_type_of_the_option():
    method = Child(rate="0.1", steps="12", on="true")
    assert (method.rate, method.steps, method.on) == (0.1, 12, True)
    assert isinstance(method.rate, float) and isinstance(method.steps, int)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"rtae": 1}, "unknown option of parent 'rtae': did you mean 'rate'"),
        ({"kind": "x"}, "unknown option of parent 'kind'"),
        ({"bare": "x"}, "unknown option of parent 'bare'"),
        ({"_hidden": 2}, "unknown option of parent '_hidden'"),
        ({"weights": {}}, "unknown option of parent 'weights'"),
        ({"rate": 0}, "'rate' = 0: input should be greater than 0"),
        ({"rate": 1.5}, "'rate' = 1.5: input should be less than or equal to 1"),
        ({"rate": "nan"}, "'rate' = 'nan'"),
        ({"rate": "much"}, "'rate' = 'much': input should be a valid number"),
        ({"steps": 1.5}, "'steps' = 1.5: input should be a valid integer"),
        ({"steps": None}, "'steps' = None"),
    ],
)
def test_what_does_not_fit_is_one_clear_sentence(given: dict[str, Any], complaint: str):
    with pytest.raises(UserError) as caught:
        Parent(**given)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_methods():
    assert (Parent.name, Child.name, FedAvg.name) == ("parent", "child", "fedavg")
    server = {"fedadam", "fedyogi", "fedadagrad"}
    few_labels = {"fedmekt", "mm-fedavg", "mm-fedprox", "mm-moon", "dccae", "mm-centralized", "mm-local", "server-only"}
    clip = {f"clip-{name}" for name in ("fedavg", "fedprox", "moon", "afl", "local", "centralized")}
    supervised = {"local", "centralized", "fedavg", "fedprox", "scaffold", "fedcmi"}
    peers = {"d-psgd", "gradient-tracking", "dmml-kd"}
    assert set(METHODS) == {*supervised, *server, *few_labels, "fedaid", *clip, *peers}
    assert all(cls.name == name and cls.__doc__ for name, cls in METHODS.items())


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_lists_its_options_with_bounds(name: str):
    bounded: dict[str, Callable[[], object]] = {
        option: lambda option=option: METHODS[name](**{option: -1}) for option in METHODS[name]().options
    }
    for option, make in bounded.items():
        with pytest.raises(UserError, match=f"'{option}' = -1"):
            make()
