"""Shares of public data for sites that have none of their own."""

import pytest
import torch

from counterpoint.data import prepared
from counterpoint.data.population import Side
from counterpoint.deploy import share
from counterpoint.errors import UserError


@pytest.mark.parametrize("name", ["watch", "mfeat"])
def test_shares_are_disjoint_and_whole_but_for_the_global_test(name: str):
    dataset = prepared(name)
    parts = [share(name, n, of=3) for n in range(3)]
    assert sum(len(part.samples) for part in parts) == int((dataset.side != Side.GLOBAL_TEST).sum())
    for part in parts:
        assert not bool((part.side == Side.GLOBAL_TEST).any())
    units = [set(part.samples.unit.tolist()) for part in parts]
    assert not units[0] & units[1] | units[0] & units[2] | units[1] & units[2]


def test_people_stay_together_where_there_are_enough():
    parts = [share("watch", n, of=3) for n in range(3)]
    owners = [set(torch.unique(part.owner).tolist()) for part in parts]
    assert not owners[0] & owners[1] | owners[0] & owners[2] | owners[1] & owners[2]


def test_too_many_sites_are_refused():
    with pytest.raises(UserError, match=r"mfeat has nothing for site 99999 of 100000: take fewer sites"):
        share("mfeat", 99999, of=100_000)
