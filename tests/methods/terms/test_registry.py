"""Terms by name, in a user's file, in a run's settings; and methods that take none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from counterpoint import UserError
from counterpoint.errors import CounterpointError
from counterpoint.methods import METHODS, FedAvg
from counterpoint.methods.fedcmi import FedCMI
from counterpoint.methods.terms import TERMS, find_term
from counterpoint.report.command import settings
from counterpoint.runs.config import checked, sorted_settings

Make = Callable[..., Any]
OWN = '''
from typing import Annotated
from pydantic import Field
from counterpoint.methods.terms import Term
from counterpoint.objectives import cross_entropy

class Doubled(Term):
    """Twice the cross-entropy."""
    factor: Annotated[float, Field(gt=0)] = 2.0

    def rows(self, params, batch, prepared):
        return self.factor * cross_entropy(self.model(params, batch), batch.label)
'''


def test_an_unknown_one_gets_the_nearest_name() -> None:
    with pytest.raises(UserError, match="unknown term 'ogm': did you mean 'ogm-ge'"):
        find_term("ogm")


@pytest.mark.parametrize("name", sorted(TERMS))
def test_settings_name_it_and_its_options(name: str) -> None:
    found = sorted_settings("fedavg", {"term": name})
    assert found["term"] == {"name": name, **TERMS[name]().options}
    assert found["options"] == {}


def test_options_are_checked_and_need_a_name() -> None:
    assert sorted_settings("fedprox", {"term": "ogm-ge", "term.alpha": "0.5"})["term"]["alpha"] == 0.5
    with pytest.raises(UserError, match=r"option 'alpha' = '-1'.* \(of ogm-ge\)"):
        sorted_settings("fedavg", {"term": "ogm-ge", "term.alpha": "-1"})
    with pytest.raises(UserError, match="unknown option of ogm-ge 'alpa': did you mean 'alpha'"):
        sorted_settings("fedavg", {"term": "ogm-ge", "term.alpa": "1"})
    with pytest.raises(UserError, match=r"term\.alpha is an option of a term: name one with term=NAME"):
        sorted_settings("fedavg", {"term.alpha": "1"})
    assert sorted_settings("fedavg", {"term": "none"})["term"] == {}


def test_the_command_of_a_report_says_it() -> None:
    term = sorted_settings("fedavg", {"term": "pmr", "term.alpha": 0.3})["term"]
    config = checked({"method": "fedavg", "data": {"name": "watch"}, "term": term})
    told = settings(config)
    assert told["term"] == "pmr" and told["term.alpha"] == 0.3
    assert sorted_settings("fedavg", told)["term"] == term


def test_a_method_with_an_objective_of_its_own_refuses() -> None:
    own = {name for name, cls in METHODS.items() if not cls.takes_terms}
    family = {n for n in METHODS if n.startswith(("mm-", "clip-"))}
    assert own == {"fedcmi", "fedmekt", "dccae", "server-only", "fedaid", "dmml-kd", *family}
    with pytest.raises(UserError, match="fedcmi has an objective of its own and takes no term: leave out term=pmr"):
        FedCMI().take(TERMS["pmr"]())


@pytest.mark.parametrize("method", sorted(name for name, cls in METHODS.items() if cls.takes_terms))
def test_one_of_a_users_file_changes_every_method(
    make_engine: Make, play: Make, same: Make, tmp_path: Path, method: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    cls = find_term(f"{path}:Doubled")
    found = []
    for term in (None, cls(factor=1.0), cls(factor=2.0)):
        made = METHODS[method]()
        made.take(term)
        engine = make_engine(made)
        weights = play(engine, 2)
        found.append(next(iter(engine.memories().values()))["model"] if method == "local" else weights)
    assert same(found[0], found[1]), "a factor of one changes nothing"
    assert not same(found[0], found[2])


def test_a_method_that_forgets_to_prepare_is_told(make_engine: Make, play: Make) -> None:
    class Forgetful(FedAvg):
        """Trains without what the term prepared."""

        def adapted(self, client: Any, received: Any) -> Any:
            return client.train(client.load(received.weights), self.loss)

    method = Forgetful()
    method.take(TERMS["ogm-ge"]())
    with pytest.raises(CounterpointError, match=r"trains without self.prepared\(client, start\)"):
        play(make_engine(method))


def test_it_is_built_once_for_both_sides(make_engine: Make) -> None:
    method = FedAvg()
    method.take(TERMS["modality-dropout"]())
    engine = make_engine(method)
    assert engine._away.term is method.term
    assert engine.model.draws and torch.is_tensor(engine.model.initial["head.weight"])
