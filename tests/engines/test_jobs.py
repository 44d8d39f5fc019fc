"""Jobs: how clients are dealt, and what their packages are on the way between processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from counterpoint.engines.jobs import (
    LOOPED,
    STACKS,
    TWO_FROM,
    Done,
    Job,
    Jobs,
    cut,
    form,
    kind_named,
    name_of_kind,
    of_each,
    of_stack,
)
from counterpoint.engines.values import Stack
from counterpoint.errors import CounterpointError
from counterpoint.exchange import Package, Tensors, Weights, named


@dataclass(frozen=True)
class Note(Package):
    values: Tensors = named()
    one: Tensor | None = None


@given(st.integers(1, 300), st.integers(1, 70))
def test_clients_are_dealt_evenly_in_order(many: int, width: int):
    clients = list(range(1000, 1000 + many))
    parts = cut(clients, width, [60] * many)
    assert [c for part in parts for c in part] == clients
    sizes = [len(part) for part in parts]
    most = width * STACKS if width > 1 else LOOPED
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1 and min(sizes) > 0
    assert len(parts) >= (2 if many >= TWO_FROM else 1)
    assert len(parts) == max(-(-many // most), 2 if many >= TWO_FROM else 1), "no more parts than need be"


@pytest.mark.parametrize(
    ("many", "width", "sizes"),
    [
        (1, 1, [1]),
        (7, 64, [7]),
        (8, 64, [4, 4]),
        (9, 64, [4, 5]),
        (33, 4, [11, 11, 11]),
        (8, 1, [4, 4]),
        (20, 1, [6, 7, 7]),
    ],
)
def test_parts(many: int, width: int, sizes: list[int]):
    assert [len(part) for part in cut(range(many), width, [60] * many)] == sizes


@given(st.lists(st.integers(1, 100), min_size=1, max_size=100), st.integers(1, 20))
def test_unequal_clients_are_dealt_so_that_parts_are_about_as_much_work(rows: list[int], width: int):
    clients = list(range(1000, 1000 + len(rows)))
    parts = cut(clients, width, rows)
    assert sorted(c for part in parts for c in part) == clients and all(part == sorted(part) for part in parts)
    numbers = [len(part) for part in parts]
    assert numbers and max(numbers) <= (width * STACKS if width > 1 else LOOPED) and max(numbers) - min(numbers) <= 1
    work = [sum(rows[c - 1000] for c in part) for part in parts]
    assert max(work) - min(work) <= 2 * max(rows)


def test_the_largest_and_the_smallest_share_a_part():
    assert cut(range(8), 64, [1, 2, 3, 4, 5, 6, 7, 8]) == [[0, 3, 4, 7], [1, 2, 5, 6]]


def job(clients: Sequence[int]) -> Job:
    return Job("local", tuple(clients), ("round", 1), 4, "", {}, [{} for _ in clients], len(clients))


def test_a_job_is_made_when_it_is_asked_for_and_once():
    made: list[Any] = []
    jobs = Jobs(lambda clients: (made.append(list(clients)), job(clients))[1], [[0, 1], [2], [3, 4]])
    assert len(jobs) == 3 and jobs.clients == 5 and made == []
    assert jobs[1].clients == (2,) and jobs[1] is jobs[1] and made == [[2]]
    assert [one.clients for one in jobs[1:]] == [(2,), (3, 4)]
    assert [one.clients for one in jobs] == [(0, 1), (2,), (3, 4)] and made == [[2], [3, 4], [0, 1]]
    with pytest.raises(IndexError):
        jobs[3]


def test_a_job_that_was_taken_is_let_go():
    jobs = Jobs(job, [[0], [1]])
    first = jobs[0]
    assert jobs.take(0) is first and 0 not in jobs._made


def local_kind() -> type[Package]:
    @dataclass(frozen=True)
    class Note(Package):
        other: Tensors = named()

    return Note


def test_a_kind_is_found_again_by_its_name():
    here, there = local_kind(), local_kind()
    for kind in (Package, Weights, Note, here, there):
        assert kind_named(name_of_kind(kind)) is kind
    assert len({name_of_kind(kind) for kind in (Note, here, there)}) == 3, "of one name, but not one class"


def test_a_kind_that_is_not_there_is_named():
    with pytest.raises(
        CounterpointError, match="the package somewhere:Some was defined after the workers were started"
    ):
        kind_named("somewhere:Some:1")


def test_a_stack_of_packages_gives_each_its_own():
    each = torch.arange(6.0).view(3, 2)
    common = torch.tensor([7.0, 8.0])
    ((kind, places, tensors),) = of_stack(Note({"own": Stack(each), "same": common}, torch.tensor(1)), 3)
    assert kind_named(kind) is Note and places == [0, 1, 2]
    assert torch.equal(tensors["values", "own"], each)
    assert torch.equal(tensors["values", "same"], common.expand(3, 2)) and tensors["one", ""].tolist() == [1, 1, 1]
    tensors["values", "same"][0] = 0
    assert common.tolist() == [7, 8] and tensors["values", "same"][1].tolist() == [7, 8], "no one writes into another's"


PACKAGES = [
    Note({"a": torch.ones(2)}),
    Note({"a": torch.ones(3)}),
    Weights({"a": torch.ones(2)}, torch.tensor(4)),
    Note({"a": torch.zeros(2)}),
    Note({"a": torch.zeros(2)}, torch.tensor(1.0)),
    Note({"a": torch.zeros(2, dtype=torch.float64)}),
    Note({"b": torch.zeros(2)}),
    Weights({"a": torch.zeros(2)}, torch.tensor(2)),
    Note(),
    Note(),
]


def test_packages_of_one_form_are_put_together():
    found = of_each(PACKAGES)
    assert [places for _, places, _ in found] == [[0, 3], [1], [2, 7], [4], [5], [6], [8, 9]]
    for kind, places, tensors in found:
        assert all(kind_named(kind) is type(PACKAGES[place]) for place in places)
        for row, place in enumerate(places):
            own = PACKAGES[place].tensors()
            assert list(tensors) == list(own)
            assert all(torch.equal(tensors[key][row], value) for key, value in own.items())
            assert all(tensors[key].dtype == value.dtype for key, value in own.items())


def test_uploads_say_who_sent_them():
    done = Done(of_each(PACKAGES))
    clients = [10 + place for place in range(len(PACKAGES))]
    sent = {package.client: package for many in done.uploads(clients) for package in many.each()}
    assert sorted(sent) == clients
    for client, package in sent.items():
        expected = PACKAGES[client - 10]
        assert form(package) == form(expected)
        assert all(torch.equal(package.tensors()[key], value) for key, value in expected.tensors().items())
