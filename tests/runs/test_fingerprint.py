"""Fingerprints: the same for ever for the same data, and another for anything that can be seen."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from counterpoint import Population, populate
from counterpoint.data import sources
from counterpoint.runs.describe import describe
from counterpoint.runs.fingerprint import fingerprint


@pytest.fixture(scope="module")
def people() -> Callable[..., Population]:
    watch = sources.load("watch")
    return lambda **options: populate(watch, **options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "0b3412d8e71e34e0f27ff0a17d96bca3ad85508adf805a13f9858513a6946155"),
        (
            {"missing": "client:0.3", "seed": 3, "clients": 5},
            "87e7d83b07083bb2a6d74eb14d0d8be53eca1a3153d312497a2277d30355331f",
        ),
        ({"missing": "sample:0.4", "seed": 3}, "f9d5119c568cc45d8b10d32c3ea540d700d93f8a93a5caf0945134353821df10"),
        (
            {"missing": "client:0.3", "partition": "dirichlet:0.5"},
            "2a75791666fe38e9a193809fbd9e6cf49ccd86984b0caa504b6cb88c063a21de",
        ),
        (
            {"missing": "sample:0.4", "partition": "dirichlet:0.5", "seed": 3, "clients": 5},
            "eeddb2944a9f0957a0c267d85de240d0c98288493df66fc3b228cd40fee3c273",
        ),
    ],
)
def test_populations_have_the_bits_they_always_had(
    people: Callable[..., Population], options: dict[str, object], expected: str
) -> None:
    """Runs that were started with an earlier version can be resumed."""
    assert fingerprint(people(**options)) == expected


def test_everything_that_can_be_seen_counts(people: Callable[..., Population]) -> None:
    whole = people(labels="rate:0.5", proxy=0.1)
    assert whole.proxy is not None
    expected = fingerprint(whole)
    assert fingerprint(people(labels="rate:0.5", proxy=0.1)) == expected
    first, *rest = whole.clients
    assert first.unlabelled is not None
    other = replace(first, unlabelled=first.unlabelled.rows(torch.arange(len(first.unlabelled)).flip(0)))
    changed = [
        replace(whole, proxy=None),
        replace(whole, proxy=None, server=whole.proxy),
        replace(whole, clients=(other, *rest)),
        replace(whole, clients=(replace(first, unlabelled=None), *rest)),
    ]
    assert len({expected, *map(fingerprint, changed)}) == 5


def test_a_description_has_what_there_is(people: Callable[..., Population]) -> None:
    plain = describe(people(), "x")
    assert "proxy" not in plain and "server" not in plain
    assert not any("unlabelled" in client for client in plain["clients"])
    whole = people(labels="server:0.2", proxy=0.1)
    told = describe(whole, "x")
    assert whole.proxy is not None and whole.server is not None
    assert told["proxy"] == {"rows": len(whole.proxy), "patterns": {"acc+gyro": len(whole.proxy)}}
    assert told["server"] == {"rows": len(whole.server), "patterns": {"acc+gyro": len(whole.server)}}
    assert [client["train"] for client in told["clients"]] == [0] * 7
    assert [client["unlabelled"] for client in told["clients"]] == [len(c.unlabelled) for c in whole.clients]
