"""No code path reads a masked value: with NaN in every masked entry a whole run has the same bits.

The populations come from `populate`: some clients lack modalities altogether, rows lack them depending on what they
are, tests lose in another way than training, and only some labels are known. There is a modality of every kind.
"""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import counterpoint
from counterpoint import Population, RunResult
from counterpoint.data import Card, Dataset, Modality, Samples, Side, Task, populate
from counterpoint.randomness import generator
from counterpoint.runs.fingerprint import fingerprint

KINDS = {
    "image": Modality("image", "image", (3, 16, 16)),
    "motion": Modality("motion", "sequence", (2, 24)),
    "sound": Modality("sound", "audio", (800,), rate=1600.0),
    "text": Modality("text", "text", (12,)),
    "table": Modality("table", "table", (5,), columns=tuple("abcde")),
}
CLIENTS, CLASSES = 6, 3
ENGINES = {"sequential": {"engine": "sequential"}, "loop": {"stack": 1}, "stacks": {"stack": CLIENTS}}
TYPES = "client:image+motion+sound+table+text:3,motion+table:2,image+sound+text:1"


def dataset(kinds: tuple[str, ...]) -> Dataset:
    """Rows of every class for each owner; some lack a modality to begin with, and some cells of the table are empty."""
    rows = CLIENTS * CLASSES * 12
    source = generator(5, "rows")
    owner = torch.arange(rows) % CLIENTS
    label = torch.arange(rows) // CLIENTS % CLASSES
    x, present = {}, {}
    for kind in kinds:
        values = torch.rand(rows, *KINDS[kind].shape, generator=source) + label.view(-1, *[1] * len(KINDS[kind].shape))
        if kind == "text":
            values = (values * 30 + 64).floor()
        elif kind == "table":
            values[torch.rand(values.shape, generator=source) < 0.1] = torch.nan
        x[kind] = values / CLASSES if kind in ("image", "sound") else values
        present[kind] = torch.rand(rows, generator=source) < (0.7 if kind != kinds[0] else 2)
    side = torch.tensor([Side.TRAIN] * 7 + [Side.CLIENT_TEST] * 3 + [Side.GLOBAL_TEST] * 2)
    return Dataset(
        "kinds",
        Task(("a", "b", "c")),
        {kind: KINDS[kind] for kind in kinds},
        Samples(x, present, label, torch.arange(rows)),
        owner,
        tuple(f"owner {i}" for i in range(CLIENTS)),
        side[torch.arange(rows) // (CLIENTS * CLASSES)],
        Card("kinds", "made up", "nowhere", "none", "", {}, "by row"),
    )


def splits(people: Population) -> list[Samples]:
    """Every set of rows in a population."""
    found = [part for c in people.clients for part in (c.train, c.test, c.unlabelled)]
    return [part for part in [*found, people.test, people.proxy, people.server] if part is not None]


def poison(people: Population) -> Population:
    """NaN in place of every value that is not present; in place, so that the rows lie in memory as they did."""
    for part in splits(people):
        for m, values in part.x.items():
            values[~part.present[m]] = torch.nan
    return people


def holes(people: Population) -> list[int]:
    """Masked entries in training rows, tests, unlabelled rows, and the global test."""
    parts = [[c.train for c in people.clients], [c.test for c in people.clients], [people.test]]
    parts.append([c.unlabelled for c in people.clients if c.unlabelled is not None])
    return [sum(int((~there).sum()) for rows in part for there in rows.present.values()) for part in parts]


def outcome(done: RunResult) -> dict[str, object]:
    """Everything that came out of a run but how long it took."""
    weights = {name: value.numpy().tobytes() for name, value in done.weights().items()}
    values = [(m.round, str(m.name), m.value) for m in done.metrics if "seconds" not in str(m.name)]
    return {"weights": weights, "metrics": values}


def run(people: Population, method: str, out: Path, encoder: str = "auto", **options: object) -> RunResult:
    settings = {"model.width": 8, "model.encoder": encoder}
    return counterpoint.run(
        method, people, rounds=2, epochs=1, batch_size=8, lr=0.05, workers=1, settings=settings, out=out, **options
    )


def check(make: Callable[[], Population], method: str, out: Path, **options: object) -> None:
    """The same run with and without poison."""
    clean, bad = (
        outcome(run(each, method, out / name, **options))
        for name, each in (("clean", make()), ("poisoned", poison(make())))
    )
    assert clean == bad
    scores = [value for _, name, value in clean["metrics"] if name.startswith(("accuracy", "loss"))]
    assert len(scores) > 20 and all(map(math.isfinite, scores))


def two_senses() -> Population:
    people = populate(
        dataset(("motion", "table")),
        missing="client:motion:1,table:2,motion+table:3",
        missing_test="sample:0.3:label",
        labels="rate:0.6",
        proxy=0.1,
    )
    assert min(holes(people)) >= 5
    return people


def every_kind() -> Population:
    people = populate(dataset(tuple(KINDS)), missing="sample:0.3:motion", missing_test="client:0.3", labels="rate:0.6")
    assert min(holes(people)) > 20
    return people


def every_kind_by_types() -> Population:
    people = populate(dataset(tuple(KINDS)), missing=TYPES, missing_test="sample:0.3")
    assert min(holes(people)[:3]) > 20
    return people


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", ["fedavg", "scaffold", "local", "centralized"])
def test_two_senses(method: str, engine: str, tmp_path: Path) -> None:
    check(two_senses, method, tmp_path, **ENGINES[engine])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", ["fedavg", "local"])
def test_every_kind(method: str, engine: str, tmp_path: Path) -> None:
    check(every_kind, method, tmp_path, **ENGINES[engine])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sequential", "stacks"])
def test_clients_that_lack_kinds_and_other_encoders(engine: str, tmp_path: Path) -> None:
    check(every_kind_by_types, "fedavg", tmp_path, encoder="motion:gru,text:transformer", **ENGINES[engine])


@pytest.mark.parametrize("part", ["train", "test", "global test"])
def test_a_value_that_is_there_does_matter(part: str, tmp_path: Path) -> None:
    """These tests can fail: one present value of each row changes what comes out."""
    people, other = two_senses(), two_senses()
    rows = {"train": other.clients[1].train, "test": other.clients[1].test, "global test": other.test}[part]
    rows.x["table"][rows.present["table"], 0] = 9.0
    clean, changed = (
        outcome(run(each, "fedavg", tmp_path / name, engine="sequential"))
        for name, each in (("clean", people), ("changed", other))
    )
    assert (clean["weights"] == changed["weights"]) == (part != "train")
    assert clean["metrics"] != changed["metrics"]


def test_masked_values_leave_no_trace_in_the_fingerprint() -> None:
    people = populate(dataset(("motion", "table")), missing="sample:0.3", labels="rate:0.5", proxy=0.1)
    expected = fingerprint(people)
    assert fingerprint(poison(people)) == expected


def test_a_masked_value_in_the_data_set_reaches_nobody() -> None:
    """`populate` itself reads none, in whatever way modalities are lost."""
    clean, bad = dataset(tuple(KINDS)), dataset(tuple(KINDS))
    for m, values in bad.samples.x.items():
        values[~bad.samples.present[m]] = torch.nan
    for missing in ("none", "client:0.3", "sample:0.3", "sample:0.3:label", "sample:0.3:text", "time:0.2"):
        people = [populate(each, missing=missing, labels="rate:0.5", proxy=0.1) for each in (clean, bad)]
        assert fingerprint(people[0]) == fingerprint(people[1])
        assert people[0].drawn == people[1].drawn
        for part in splits(people[1]):
            assert not any(part.x[m][~part.present[m]].any() for m in part.modalities)
