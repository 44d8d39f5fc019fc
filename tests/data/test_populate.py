"""Populations: who has what, and that what is missing is missing everywhere."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from counterpoint.data import Dataset, Population, Samples, Side, populate
from counterpoint.errors import UserError


def splits(population: Population) -> list[Samples]:
    return [*(s for client in population.clients for s in (client.train, client.test)), population.test]


def pairs_lost(samples: Samples) -> int:
    return sum(int((~there).sum()) for there in samples.present.values())


def same(a: Samples, b: Samples) -> bool:
    return a.modalities == b.modalities and all(
        torch.equal(getattr(a, part)[m], getattr(b, part)[m]) for part in ("x", "present") for m in a.modalities
    )


def test_natural_watch_with_nothing_missing(watch: Dataset) -> None:
    population = populate(watch)
    assert [(c.id, c.name) for c in population.clients] == [(i, f"subject {i + 1}") for i in range(7)]
    assert [len(c.train) for c in population.clients] == [213, 204, 111, 120, 189, 185, 199]
    assert sum(len(c.train) for c in population.clients) == 1221
    assert len(population.test) == 1145
    assert all(split.patterns() == {"acc+gyro": len(split)} for split in splits(population))
    assert population.card is watch.card
    assert population.modalities == watch.modalities


def test_no_unit_is_on_two_sides(watch: Dataset) -> None:
    for partition in ("natural", "dirichlet:0.5"):
        population = populate(watch, partition=partition)
        train = {u for c in population.clients for u in c.train.unit.tolist()}
        test = {u for c in population.clients for u in c.test.unit.tolist()}
        held = set(population.test.unit.tolist())
        assert not (train & test or train & held or test & held)


@pytest.mark.parametrize("missing", ["none", "client:0.3", "sample:0.4"])
@pytest.mark.parametrize("partition", ["natural", "dirichlet:0.3"])
def test_equal_seeds_give_equal_populations(watch: Dataset, partition: str, missing: str) -> None:
    first, again, other = (populate(watch, partition=partition, missing=missing, seed=s) for s in (5, 5, 6))
    assert first.drawn == again.drawn
    assert all(same(a, b) for a, b in zip(splits(first), splits(again), strict=True))
    if missing != "none":
        assert not all(same(a, b) for a, b in zip(splits(first), splits(other), strict=True))


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_sample_missingness_is_exact_in_every_split(watch: Dataset, rate: float) -> None:
    population = populate(watch, missing=f"sample:{rate}")
    for split in splits(population):
        assert pairs_lost(split) == round(rate * len(split) * 2)
        assert "" not in split.patterns()
    assert population.drawn["missing"]["realised rate"] == pytest.approx(rate, abs=0.002)
    assert population.drawn["test"]["realised missing rate"] == pytest.approx(rate, abs=0.001)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_client_missingness_takes_a_modality_altogether(watch: Dataset, rate: float) -> None:
    population = populate(watch, partition="dirichlet:1", clients=30, missing=f"client:{rate}")
    assert sum(2 - len(c.modalities) for c in population.clients) == round(rate * 60)
    for client in population.clients:
        assert client.train.modalities == client.test.modalities
        for split in (client.train, client.test):
            assert split.patterns() == {"+".join(client.modalities): len(split)}
    assert population.drawn["missing"] == {"spec": f"client:{rate}", "realised rate": pytest.approx(rate)}


def test_client_missingness_treats_the_owners_of_the_global_test_alike(watch: Dataset) -> None:
    seen = set()
    for seed in range(12):
        population = populate(watch, missing="client:0.3", seed=seed)
        owner = watch.owner[watch.side == Side.GLOBAL_TEST]
        patterns = [
            tuple(bool(population.test.present[m][owner == o].any()) for m in ("acc", "gyro")) for o in (7, 8, 9)
        ]
        assert sum(p.count(False) for p in patterns) == round(0.3 * 6)
        for m in ("acc", "gyro"):
            assert all(len(population.test.present[m][owner == o].unique()) == 1 for o in (7, 8, 9))
        assert len(population.test) == 1145
        assert population.drawn["test"]["realised missing rate"] == pytest.approx(2 / 6)
        seen.add(tuple(patterns))
    assert len(seen) > 3


@pytest.mark.parametrize("missing", ["client:0.4", "sample:0.4"])
def test_what_is_missing_is_zero_and_the_rest_is_untouched(watch: Dataset, missing: str) -> None:
    whole = populate(watch)
    before = [x.clone() for x in watch.samples.x.values()]
    masked = populate(watch, missing=missing)
    for full, split in zip(splits(whole), splits(masked), strict=True):
        assert torch.equal(full.label, split.label)
        for m in split.modalities:
            there = split.present[m]
            assert torch.equal(split.x[m][there], full.x[m][there])
            assert not split.x[m][~there].any()
    assert all(torch.equal(a, b) for a, b in zip(before, watch.samples.x.values(), strict=True))


@pytest.mark.parametrize("missing", ["none", "client:0.3", "sample:0.3"])
def test_what_the_origin_lacks_is_missing_and_zero(toy: Callable[..., Dataset], missing: str) -> None:
    dataset = toy()
    dataset.samples.present["m0"][::3] = False
    dataset.samples.x["m0"][::3] = torch.nan
    for split in splits(populate(dataset, missing=missing)):
        for m in split.modalities:
            assert not split.x[m][~split.present[m]].any()
            assert split.x[m].isfinite().all()


def test_a_modality_that_no_training_row_shows_is_not_owned(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=2, modalities=2)
    first = dataset.owner == 0
    dataset.samples.present["m0"][first & (dataset.side == Side.TRAIN)] = False
    blind = (first & (dataset.side == Side.CLIENT_TEST)).nonzero().flatten()[:6]
    dataset.samples.present["m1"][blind] = False
    client, other = populate(dataset).clients
    assert client.modalities == client.test.modalities == ("m1",)
    assert len(client.test) == 15 - 6
    assert client.test.present["m1"].all()
    assert other.modalities == ("m0", "m1")


def test_rows_of_the_global_test_without_any_modality_are_dropped(toy: Callable[..., Dataset]) -> None:
    dataset = toy(modalities=2)
    lost = (dataset.side == Side.GLOBAL_TEST).nonzero().flatten()[:5]
    for m in ("m0", "m1"):
        dataset.samples.present[m][lost] = False
    assert len(populate(dataset).test) == 4 * 3 * 4 - 5


def test_a_data_set_without_global_test(toy: Callable[..., Dataset]) -> None:
    for missing in ("none", "client:0.3", "sample:0.3"):
        population = populate(toy(held=0), missing=missing)
        assert len(population.test) == 0
        assert population.drawn["test"]["rows"] == 0


def test_drawn_is_plain_and_true(watch: Dataset) -> None:
    population = populate(watch, partition="dirichlet:0.5", clients=12, missing="sample:0.2", seed=3)
    drawn = population.drawn
    assert json.loads(json.dumps(drawn)) == drawn
    assert drawn["seed"] == 3
    assert drawn["partition"]["spec"] == "dirichlet:0.5"
    assert drawn["partition"]["clients"] == 12
    assert drawn["missing"]["spec"] == "sample:0.2"
    for client, told in zip(population.clients, drawn["clients"], strict=True):
        assert (told["id"], told["name"], told["modalities"]) == (client.id, client.name, list(client.modalities))
        for split, facts in ((client.train, told["train"]), (client.test, told["test"])):
            assert facts["rows"] == len(split) == sum(facts["labels"].values())
            assert facts["patterns"] == split.patterns()
            assert facts["labels"]["ABD"] == int((split.label == 1).sum())
    assert drawn["test"]["patterns"] == population.test.patterns()


def test_the_rate_is_refused_before_anything_is_drawn(watch: Dataset, toy: Callable[..., Dataset]) -> None:
    for level in ("client", "sample"):
        with pytest.raises(UserError, match=r"with 2 modalities, .* at most 0.5 can be lost"):
            populate(watch, missing=f"{level}:0.6")
        with pytest.raises(UserError, match="there is only one modality"):
            populate(toy(modalities=1), missing=f"{level}:0.1")


@pytest.mark.parametrize(("clients", "rate"), [(1, 0.5), (2, 0.75)])
def test_missingness_of_very_few_clients(toy: Callable[..., Dataset], clients: int, rate: float) -> None:
    population = populate(toy(modalities=4), clients=clients, missing=f"client:{rate}")
    assert sum(4 - len(c.modalities) for c in population.clients) == round(rate * clients * 4)
    assert all(c.modalities for c in population.clients)


def test_any_number_of_modalities(toy: Callable[..., Dataset]) -> None:
    population = populate(toy(modalities=6), missing="sample:0.8")
    for split in splits(population):
        lost = pairs_lost(split) + len(split) * (6 - len(split.modalities))
        assert lost == round(0.8 * len(split) * 6)


def test_seeds_change_missingness_and_not_the_split(watch: Dataset) -> None:
    owners = [populate(watch, missing="sample:0.3", seed=seed).clients[0].train.unit for seed in (0, 1)]
    assert torch.equal(*owners)


def test_the_dataset_may_be_made_by_anyone(toy: Callable[..., Dataset]) -> None:
    population = populate(replace(toy(), name="mine"))
    assert population.name == "mine"


EVERYTHING = {
    "partition": "dirichlet:1",
    "clients": 6,
    "missing": "client:acc:2,acc+gyro:4",
    "missing_test": "sample:0.3",
    "labels": "rate:0.3",
    "proxy": 0.1,
    "seed": 4,
}


def test_everything_at_once_is_told_and_seeded(watch: Dataset) -> None:
    first, again, other = (populate(watch, **{**EVERYTHING, "seed": seed}) for seed in (4, 4, 5))
    assert json.loads(json.dumps(first.drawn)) == first.drawn == again.drawn != other.drawn
    assert list(first.drawn) == [
        "seed",
        "partition",
        "missing",
        "missing in tests",
        "missing rate by modality",
        "labels",
        "clients",
        "test",
        "proxy",
    ]
    assert first.drawn["missing"] == {
        "spec": "client:acc:2,acc+gyro:4",
        "realised rate": pytest.approx(2 / 12),
        "types": {"acc": 2, "acc+gyro": 4},
    }
    rates = first.drawn["missing rate by modality"]
    rows = [len(client.train) + len(client.unlabelled) for client in first.clients]
    blind = sum(n for n, client in zip(rows, first.clients, strict=True) if client.modalities == ("acc",))
    assert rates["training"] == {"acc": 0, "gyro": pytest.approx(blind / sum(rows), abs=1e-6)}
    lost = {m: int((~first.test.present[m]).sum()) / len(first.test) for m in ("acc", "gyro")}
    assert rates["global test"] == pytest.approx(lost, abs=1e-6)


def test_mistakes_are_found_before_anything_is_dealt(watch: Dataset) -> None:
    for option, sentence in (
        ({"missing": "sometimes"}, "unknown missingness 'sometimes'"),
        ({"missing_test": "client:2"}, "missing_test 'client:2': write client:RATE"),
        ({"labels": "few"}, "unknown labels 'few'"),
        ({"proxy": 2.0}, "proxy=2: the share"),
        ({"missing": "sample:0.3:sound"}, "unknown modality of watch 'sound'"),
    ):
        with pytest.raises(UserError, match=sentence):
            populate(watch, partition="natural", clients=1000, **option)


PEAK = """
import torch
from counterpoint.data import Card, Dataset, Modality, Samples, Task, populate

def status(what):
    line = next(line for line in open("/proc/self/status") if line.startswith(what))
    return int(line.split()[1]) * 1024

def made(rows, steps):
    there = torch.ones(rows, dtype=torch.bool)
    kinds = {"sound": Modality("sound", "audio", (steps,)), "face": Modality("face", "image", (1, 30, 100))}
    return Dataset(
        "big", Task(("a", "b")), kinds,
        Samples(
            {"sound": torch.ones(rows, steps), "face": torch.ones(rows, 1, 30, 100)}, dict.fromkeys(kinds, there),
            torch.arange(rows) % 2, torch.arange(rows),
        ),
        torch.arange(rows) % 8, tuple("abcdefgh"), torch.arange(rows) // 8 % 3,
        Card("big", "made up", "nowhere", "none", "", {}, "by row"),
    )

def people(data, spec):
    return populate(data, partition="dirichlet:1", clients=5, missing=spec, labels="rate:0.5", proxy=0.1)

data = made(2000, 12_000)
size = sum(values.nbytes for values in data.samples.x.values())
for spec in ("none", "client:0.3", "sample:0.3", "sample:0.3:label", "sample:0.3:sound", "time:0.3"):
    people(made(400, 50), spec)
    before = status("VmRSS")
    open("/proc/self/clear_refs", "w").write("5")
    held = people(data, spec)
    peak = (status("VmHWM") - before + size) / size
    assert peak < 2.3, f"{spec}: {peak:.2f} times the data"
    del held
print("done")
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of memory from the kernel")
def test_values_are_copied_once() -> None:
    """At its peak a call holds little more than the data and the population, whatever is missing."""
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr
