"""Profiles that come with the package."""

from importlib.resources import files
from pathlib import Path

import pytest

from counterpoint.experiments.tuning import profile_settings, read_profile
from counterpoint.runs import configured

FOLDER = Path(str(files("counterpoint.experiments.tuning").joinpath("shipped")))
NAMES = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_method_in_it_takes_its_settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    profile = read_profile(name)
    assert profile
    for method, section in profile.items():
        assert section["budget"], "where they come from is said"
        config = configured(method, "watch", settings=section["settings"])
        assert config.options


def test_the_sister_papers_are_those_of_its_authors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = configured("fedcmi", "watch", rounds=180, settings=profile_settings("sister-paper", "fedcmi"))
    rates = [config.train.in_round(r, 180).lr for r in (1, 80, 180)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4])
    assert (config.train.epochs, config.train.batch_size, config.train.momentum) == (10, 64, 0.9)
    assert (config.options["self_weight"], config.options["mu"], config.options["warmup"]) == (2.0, 1.0, 1)
