"""Twins: known factors, read back by the readers of the published sets."""

import filecmp
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch.nn.functional import adaptive_avg_pool1d, adaptive_avg_pool2d, one_hot

import counterpoint
from counterpoint.data import Dataset, Side, populate, sources
from counterpoint.data.twins import (
    TWINS,
    ave,
    covidx,
    crema_d,
    crisismmd,
    mhealth,
    mimic_cxr,
    opportunity,
    rsna,
    urfall,
)
from counterpoint.data.twins.factors import Strength, drawn

MODULES = {
    "ave-twin": ave,
    "covidx-twin": covidx,
    "crema-d-twin": crema_d,
    "crisismmd-twin": crisismmd,
    "mhealth-twin": mhealth,
    "mimic-cxr-twin": mimic_cxr,
    "opportunity-twin": opportunity,
    "rsna-twin": rsna,
    "urfall-twin": urfall,
}
EASY = {
    "ave-twin": "audio",
    "crema-d-twin": "audio",
    "crisismmd-twin": "text",
    "mhealth-twin": "acce",
    "mimic-cxr-twin": "text",
    "opportunity-twin": "acce",
    "urfall-twin": "depth",
}
HARD = {
    "ave-twin": "video",
    "crema-d-twin": "video",
    "crisismmd-twin": "image",
    "mhealth-twin": "gyro",
    "mimic-cxr-twin": "image",
    "opportunity-twin": "gyro",
    "urfall-twin": "rgb",
}


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of this session's own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def made(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Dataset]:
    """A twin out of that cache."""
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(kept))
    return sources.load


def features(dataset: Dataset, modality: str) -> torch.Tensor:
    x = dataset.samples.x[modality]
    if dataset.modalities[modality].kind == "audio":
        loud = torch.fft.rfft(x).abs()[:, : x.shape[1] // 8]
        return torch.log(adaptive_avg_pool1d(loud[:, None], 120)[:, 0] + 1e-3)
    if dataset.modalities[modality].kind == "image":
        return adaptive_avg_pool2d(x, 12).flatten(1)
    if dataset.modalities[modality].kind == "sequence":
        pace = torch.fft.rfft(x - x.mean(2, keepdim=True)).abs().mean(1)[:, : x.shape[2] // 4 + 1]
        return torch.cat([x.mean(2), x.std(2), torch.log(pace + 0.1)], 1)
    lines = [bytes(row[row > 0].to(torch.uint8).tolist()).split() for row in x]
    words = sorted({word for line in lines for word in line if not word.startswith(b"@")})
    return torch.tensor([[float(word in line) for word in words] for line in lines])


def probed(dataset: Dataset, modality: str) -> float:
    """Accuracy on the global test of ridge regression on simple features of one modality."""
    x, tested = features(dataset, modality), dataset.side == Side.GLOBAL_TEST
    x = (x - x[~tested].mean(0)) / (x[~tested].std(0) + 1e-3)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    label = dataset.samples.label
    target = one_hot(label, len(dataset.task.classes)).float()[~tested]
    weights = torch.linalg.solve(x[~tested].T @ x[~tested] + 30 * torch.eye(x.shape[1]), x[~tested].T @ target)
    return float(((x[tested] @ weights).argmax(1) == label[tested]).float().mean())


@pytest.mark.parametrize("name", MODULES)
def test_the_card_says_what_is_there(made: Callable[[str], Dataset], name: str) -> None:
    found, card = made(name), sources.card(name)
    assert found.name == card.name == name and name.endswith("-twin")
    assert "Synthetic" in card.title and "synthetic" in card.traps[0]
    assert card.counts["rows"] == len(found.samples)
    assert [card.counts[f"{side} rows"] for side in ("train", "client test", "global test")] == found.side.bincount(
        minlength=3
    ).tolist()
    assert card.counts["natural clients"] == len(found.owners)


@pytest.mark.parametrize("name", EASY)
def test_one_modality_is_easier_than_the_other(made: Callable[[str], Dataset], name: str) -> None:
    found = made(name)
    easy, hard = probed(found, EASY[name]), probed(found, HARD[name])
    chance = float(found.samples.label.bincount().max()) / len(found.samples)
    assert easy > hard + 0.15
    assert easy > 0.85
    assert hard > chance + 0.05


@pytest.mark.parametrize("name", sorted(set(MODULES) - set(EASY)))
def test_a_modality_alone_tells_most_but_not_all(made: Callable[[str], Dataset], name: str) -> None:
    found = made(name)
    (modality,) = found.modalities
    assert 0.8 < probed(found, modality) < 1.0


def test_the_strengths_decide_which_is_easier(tmp_path: Path) -> None:
    turned = {"text": Strength(0.5, 0.0), "image": Strength(1.0, 0.9)}
    crisismmd.write(tmp_path, strength=turned)
    found = crisismmd.SOURCE.read(tmp_path)
    found.samples.x["image"] = found.samples.x["image"] / 255
    assert probed(found, "image") > 0.9
    assert probed(found, "text") < 0.7


@pytest.mark.parametrize("module", MODULES.values())
def test_factors(module: ModuleType) -> None:
    found = module.factors()
    for modality, how in module.STRENGTH.items():
        right = int((found.shown[modality] == found.label).sum())
        assert right == round(how.clear * len(found.label))
        assert float(found.private[modality].min()) >= 0 and float(found.private[modality].max()) <= 1
    one, *others = found.private.values()
    assert not any(torch.equal(one, other) for other in others)
    again, another = module.factors(), module.factors(seed=1)
    assert torch.equal(found.shared, again.shared) and not torch.equal(found.shared, another.shared)


def test_what_is_private_is_the_owner_s() -> None:
    found = drawn([0, 1] * 50, [0] * 50 + [1] * 50, {"a": Strength(1.0, 1.0)}, 2, "x", 0)
    own = found.private["a"]
    assert float(own[:50].max() - own[:50].min()) <= 0.15 and float(own[50:].max() - own[50:].min()) <= 0.15
    assert torch.equal(found.shown["a"], found.label)


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        (tmp_path / name).mkdir()
        crisismmd.write(tmp_path / name, seed)
    names = [str(file.relative_to(tmp_path / "one")) for file in (tmp_path / "one").rglob("*") if file.is_file()]
    assert len(names) == 448 + 28 + 3
    assert filecmp.cmpfiles(tmp_path / "one", tmp_path / "two", names, shallow=False)[0] == names
    same, different, _ = filecmp.cmpfiles(tmp_path / "one", tmp_path / "three", names, shallow=False)
    assert len(different) > 400 and not [name for name in same if name.endswith(".jpg")]


def test_all_of_them_can_be_had_by_name() -> None:
    assert {twin.card.name for twin in TWINS} == set(MODULES) <= set(sources.names())


@pytest.mark.parametrize("name", MODULES)
def test_its_folder_stays_and_can_be_read_as_the_published_set(
    made: Callable[[str], Dataset], kept: Path, name: str
) -> None:
    found, folder = made(name), kept / "twins" / name
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 20 * 2**20
    assert not [path.name for path in folder.parent.iterdir() if path.name.startswith(".")]
    published = name.removesuffix("-twin")
    same = made(f"{published}:{folder}")
    assert same.name == published and same.card.counts == found.card.counts
    assert all(torch.equal(same.samples.x[m], found.samples.x[m]) for m in found.modalities)


def test_force_writes_the_folder_anew(made: Callable[[str], Dataset], kept: Path) -> None:
    made("crisismmd-twin")
    stray = kept / "twins/crisismmd-twin/stray"
    stray.touch()
    sources.get("crisismmd-twin", force=True)
    assert not stray.exists() and stray.parent.is_dir()


@pytest.mark.parametrize("name", MODULES)
def test_federated_averaging_runs_on_it(made: Callable[[str], Dataset], name: str, tmp_path: Path) -> None:
    population = populate(made(name), partition="dirichlet:10", clients=3, seed=0)
    result = counterpoint.run("fedavg", population, rounds=2, out=tmp_path / "run", seed=0)
    assert max(metric.round for metric in result.metrics) == 2
    assert 0 <= result.value("accuracy", scope="server", pattern="observed") <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mhealth-twin", "opportunity-twin"])
def test_people_learn_together_what_sensors_show(made: Callable[[str], Dataset], name: str, tmp_path: Path) -> None:
    result = counterpoint.run("fedavg", populate(made(name)), rounds=20, out=tmp_path / "run", seed=0)
    assert result.value("accuracy", scope="server", pattern="observed") > 0.6
