"""Orders, and what local programs are said to take and to give."""

import pytest

from counterpoint.engines.flower.order import Order, kinds, of_kind
from counterpoint.errors import CounterpointError, PackageError
from counterpoint.exchange import Package, Weights
from counterpoint.methods import METHODS, FedAvg, Method
from counterpoint.methods.fedcmi import Infiltrated


def test_occasions_are_those_of_other_engines():
    order = Order(3, "local", 2, 1, ("acc",), "Weights", b"")
    assert order.occasion == "visit 1"
    assert Order(3, "score_after", 2, 0, ("acc",), "Weights", b"").occasion == "ask score_after"


def test_a_program_says_what_it_takes_and_gives():
    assert kinds(FedAvg, "local") == (Weights, Weights)


@pytest.mark.parametrize("name", sorted(n for n, c in METHODS.items() if c.model_kind != "peer"))
def test_scores_can_be_asked_for_everywhere(name: str):
    for program in ("score_before", "score_after", "score_after_global"):
        assert all(issubclass(kind, Package) for kind in kinds(METHODS[name], program))


class Vague(FedAvg):
    """Its program says nothing of packages."""

    def local(self, client, received):  # type: ignore[no-untyped-def]
        return received


@pytest.mark.parametrize(("method", "program"), [(Vague, "local"), (FedAvg, "round"), (FedAvg, "nothing")])
def test_what_is_no_program_is_not_run(method: type[Method], program: str):
    with pytest.raises(CounterpointError, match=f"{program} cannot run at a site: annotate it"):
        kinds(method, program)


def test_a_package_may_be_of_a_kind_made_of_what_is_taken():
    assert of_kind(Weights, "Weights") is Weights
    assert of_kind(Weights, "Infiltrated") is Infiltrated
    with pytest.raises(PackageError, match="a Path is no Weights"):
        of_kind(Weights, "Path")
