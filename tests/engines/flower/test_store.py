"""What a client remembers, also when a round begins anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from flwr.app import Context, RecordDict

from counterpoint.deploy.stores import ContextStore, FolderStore
from counterpoint.engines.flower.store import HeldStore, Store
from counterpoint.errors import CounterpointError, UserError

Make = Callable[[], Store]


def one(value: float) -> dict[str, Any]:
    return {"model": {"acc.w": torch.tensor([value]), "gyro.w": torch.ones(2, dtype=torch.bfloat16)}}


def value(values: dict[str, Any]) -> float:
    return float(values["model"]["acc.w"])


@pytest.fixture(params=["held", "folder", "context"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """A store, and the same one again as another process finds it."""
    held: dict[str, Any] = {}
    context = Context(run_id=1, node_id=2, node_config={}, state=RecordDict(), run_config={})
    return {
        "held": lambda: HeldStore(held, "run/0"),
        "folder": lambda: FolderStore(tmp_path / "run" / "client-0.safetensors"),
        "context": lambda: ContextStore(context, "run/0"),
    }[request.param]


def test_a_client_begins_with_nothing(make: Make):
    assert make().before(1, 1) == {}
    assert make().before(0, 0) == {}


def test_it_goes_on_with_what_it_kept_last(make: Make):
    make().keep(1, 1, one(1))
    assert value(make().before(1, 2)) == 1
    make().keep(1, 2, one(2))
    assert value(make().before(2, 1)) == 2
    assert value(make().before(5, 1)) == 2, "it need not take part in every round"
    assert value(make().before(2, 0)) == 2, "a question sees the newest"
    assert make().before(2, 1)["model"]["gyro.w"].dtype == torch.bfloat16


def test_what_is_kept_is_a_copy(make: Make):
    given = one(1)
    make().keep(1, 1, given)
    given["model"]["acc.w"] += 5
    found = make().before(2, 1)
    found["model"]["acc.w"] += 7
    assert value(make().before(2, 1)) == 1


def test_a_round_that_begins_anew_begins_with_the_same(make: Make):
    make().keep(1, 1, one(1))
    make().keep(2, 1, one(2))
    make().keep(2, 2, one(3))
    assert value(make().before(2, 1)) == 1
    assert value(make().before(2, 2)) == 2
    make().keep(2, 1, one(4))
    assert value(make().before(2, 2)) == 4, "what came after it the first time is gone"
    assert value(make().before(2, 1)) == 1


def test_a_visit_that_was_missed_the_first_time_sees_what_was_before_the_later_one(make: Make):
    make().keep(1, 1, one(1))
    make().keep(2, 2, one(2))
    assert value(make().before(2, 1)) == 1


def test_a_client_cannot_go_further_back(make: Make):
    make().keep(1, 1, one(1))
    make().keep(2, 1, one(2))
    with pytest.raises(CounterpointError, match=r"remembers round 2 of this run, and was asked for round 1 again"):
        make().before(1, 1)


def test_a_damaged_file_is_named(tmp_path: Path):
    path = tmp_path / "client-0.safetensors"
    FolderStore(path).keep(1, 1, one(1))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match=r"client-0\.safetensors is damaged"):
        FolderStore(path).before(2, 1)
