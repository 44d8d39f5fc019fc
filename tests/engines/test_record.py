"""Recording a step: which functions and steps can be recorded, and what a recording says."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.engines import record as module
from counterpoint.engines import writer
from counterpoint.engines.identity import NotRecordable, identity
from counterpoint.engines.operations import Size
from counterpoint.engines.record import PROBES, record
from counterpoint.methods import METHODS, FedAvg

Step = Callable[..., list[Tensor]]


def values(clients: int, rows: int) -> list[Tensor]:
    source = torch.Generator().manual_seed(100 * clients + rows)
    return [torch.randn(clients, rows, 3, generator=source), torch.randn(clients, 3, generator=source)]


def sealed(method: Any) -> Any:
    method.seal()
    return method


def scaled(by: Any) -> Callable[..., Any]:
    return lambda params, batch, using: by


def calls(inner: Any) -> Callable[..., Any]:
    return lambda params, batch, using: inner()


def one() -> int:
    return 1


def two() -> int:
    return 2


def of_list() -> list[int]:
    return LIST


LIST = [1]
FEWEST = min(rows for _, rows in PROBES)
ONES = torch.ones(1)


def test_the_same_code_with_the_same_values_is_the_same():
    """The same function made again, as a method makes its loss anew in each round."""
    assert identity(scaled(0.5)) == identity(scaled(0.5)) and hash(identity(scaled((1, "a", None)))) is not None
    assert identity(calls(one)) == identity(calls(one))
    assert identity(partial(one, 1, a=2)) == identity(partial(one, 1, a=2))
    method = sealed(FedAvg())
    assert identity(method.loss) == identity(method.loss)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (scaled(0.5), scaled(0.25)),
        (scaled(1), scaled(1.0)),
        (scaled(1), scaled(True)),
        (scaled("1"), scaled(1)),
        (scaled((1, 2)), scaled((2, 1))),
        (scaled((1, 2)), scaled(((1, 2),))),
        (scaled(1), calls(one)),
        (calls(one), calls(two)),
        (lambda x=1: x, lambda x=2: x),
        (lambda *, x=1: x, lambda *, x=2: x),
        (partial(one, 1), partial(one, 2)),
        (partial(one, a=1), partial(one, b=1)),
        (partial(one, a=1), partial(one, a=2)),
    ],
)
def test_what_differs_in_anything_is_another(a: Any, b: Any):
    assert identity(a) != identity(b)


def test_another_option_is_another_objective():
    """Two methods that are alike but for a number; a recording has the number in it."""

    class Weighted(FedAvg):
        mu: float = 0.1

        def loss(self, params: Any, batch: Any, using: Any) -> Any:
            return self.mu

    a, b = sealed(Weighted(mu=0.1)), sealed(Weighted(mu=0.2))
    assert identity(a.loss) != identity(b.loss)
    assert identity(calls(a.loss)) != identity(calls(b.loss))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (scaled([1]), "refers to a list from outside"),
        (scaled({}), "refers to a dict from outside"),
        (scaled(torch.ones(1)), "refers to a Tensor from outside"),
        (scaled(object()), "refers to a object from outside"),
        (scaled((1, [2])), "refers to a list from outside"),
        (calls(scaled([1])), "refers to a list from outside"),
        (lambda x=ONES: x, "refers to a Tensor from outside"),
        (lambda *, x=LIST: x, "refers to a list from outside"),
        (partial(one, []), "refers to a list from outside"),
        (partial(one, a=torch.ones(1)), "refers to a Tensor from outside"),
        (FedAvg().loss, "belongs to a FedAvg, which may change"),
        (calls(FedAvg().loss), "belongs to a FedAvg, which may change"),
        (torch.nn.MSELoss(), "is a MSELoss, not a function"),
        (torch.relu, "is a builtin_function_or_method, not a function"),
    ],
)
def test_what_may_change_is_refused(function: Any, said: str):
    with pytest.raises(NotRecordable, match=f"its objective .*{said}"):
        identity(function)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_of_the_framework_is_recordable(name: str):
    identity(sealed(METHODS[name]()).loss)


@pytest.mark.parametrize("change", [lambda: LIST.append(2)], ids=["list"])
def test_a_global_that_may_change_is_refused(change: Callable[[], None]):
    with pytest.raises(NotRecordable):
        identity(of_list)


SIZES = [
    "1*clients",
    "4*clients",
    "1*rows",
    "2*rows",
    "-1*rows",
    "0.5*rows",
    "1*clients*rows",
    "2*clients*rows",
    "1*rows*rows",
    "1*clients*clients",
    "1*clients*clients*rows",
    "1*clients*rows*rows",
]


@pytest.mark.parametrize("text", SIZES)
def test_a_size_is_told_from_its_two_values(text: str):
    found = [eval(text, {"clients": clients, "rows": rows}) for clients, rows in PROBES]
    assert str(module._size(*found)) == text


OF_ROWS: dict[str, Callable[[int], float]] = {
    **{f"rows + {k}": lambda rows, k=k: rows + k for k in range(-4, 5) if k},
    **{f"rows // {k}": lambda rows, k=k: rows // k for k in range(2, 7)},
    **{f"half of rows + {k}": lambda rows, k=k: (rows + k) // 2 for k in (-1, 1, 2)},
    **{f"rows % {k}": lambda rows, k=k: rows % k for k in (2, 4, 8)},
    "pairs": lambda rows: rows * (rows - 1),
    "unordered pairs": lambda rows: rows * (rows - 1) // 2,
    "rows - 1, squared": lambda rows: (rows - 1) ** 2,
    "twice, but one": lambda rows: 2 * rows - 1,
    "one in": lambda rows: 1 / rows,
    "at most 16": lambda rows: min(rows, 16),
}


@pytest.mark.parametrize("of", OF_ROWS.values(), ids=OF_ROWS)
def test_what_is_no_multiple_of_sizes_is_refused(of: Callable[[int], float]):
    """Above all it is not taken for a multiple of the clients, as which it would be right at the two probes only."""
    a, b = (of(rows) for _, rows in PROBES)
    with pytest.raises(NotRecordable, match="a step has the number"):
        module._size(a, b)


def test_a_recording_names_its_inputs_sizes_and_results():
    def step(x: Tensor, w: Tensor) -> list[Tensor]:
        return [(x * w[:, None]).sum(1) / x.shape[1]]

    found = record(step, values)
    assert len(found.inputs) == 2 and len(found.outputs) == 1 and found.constants == {}
    assert str(found.operations[-1].function) == "aten.div.Tensor"
    assert found.operations[-1].args[1] == Size(1, 0, 1)


REFUSED: dict[str, tuple[Step, str]] = {
    "random numbers": (lambda x, w: [x + torch.rand(3)], "draws random numbers (aten.rand.default)"),
    "random like": (lambda x, w: [torch.bernoulli(x.sigmoid())], "draws random numbers"),
    "dropout": (lambda x, w: [torch.nn.functional.dropout(x)], "draws random numbers"),
    "a number in between": (lambda x, w: [torch.arange(x.shape[1] + 1.0) + x.sum()], "a step has the number"),
    "a branch on rows": (lambda x, w: [x.sum(1) if x.shape[1] > FEWEST else x.mean(1)], "other things with more"),
    "a loop over rows": (lambda x, w: [sum(x[:, i] for i in range(x.shape[1]))], "other things with more"),
    "a constant of rows": (lambda x, w: [x + torch.tensor(float(x.shape[1]))], "a constant that depends on"),
    "lists of sizes": (lambda x, w: [torch.cat([x[:, :1]] * x.shape[1], 1)], "lists whose length depends"),
    "data-dependent": (lambda x, w: [x if x.sum() > 0 else -x], "depends on numbers in tensors"),
    "a number of the data": (lambda x, w: [x * x.sum().item()], "depends on numbers in tensors"),
}


@pytest.mark.parametrize(("step", "said"), REFUSED.values(), ids=REFUSED)
def test_a_step_that_is_another_one_each_time_is_refused(step: Step, said: str):
    with pytest.raises(NotRecordable) as refused:
        record(step, values)
    assert said in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("most", [0, 5, 50])
def test_a_long_step_is_refused_where_it_becomes_too_long(monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(writer, "MOST_OPERATIONS", most)
    done = []

    def step(x: Tensor, w: Tensor) -> list[Tensor]:
        for place in range(most + 10):
            x = x + 1
            done.append(place)
        return [x]

    with pytest.raises(NotRecordable, match=f"more than {most} operations"):
        record(step, values)
    assert len(done) == most


def test_a_step_of_just_the_most_operations_is_not_too_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writer, "MOST_OPERATIONS", 4)
    assert len(record(lambda x, w: [((x + 1) * 2 - 3).relu()], values).operations) == 4


def test_an_error_of_a_step_is_its_own():
    """What a step raises at its first call is no matter of recording."""

    def step(x: Tensor, w: Tensor) -> list[Tensor]:
        raise ZeroDivisionError("its own")

    with pytest.raises((ZeroDivisionError, NotRecordable), match="its own"):
        record(step, values)
