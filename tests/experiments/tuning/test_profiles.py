"""Named profiles."""

import tomllib
from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.experiments.tuning import profile_settings, read_profile, save_profile
from counterpoint.experiments.tuning.profiles import data_profile


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_saved_is_found_by_name_and_by_path() -> None:
    path = save_profile("tuned/watch", "fedavg", {"train.lr": 0.03, "train.weight_decay": 0.0}, {"trials": 8})
    assert path == Path("profiles/tuned/watch.toml")
    for name in ("tuned/watch", "profiles/tuned/watch.toml"):
        assert profile_settings(name, "fedavg") == {"train.lr": 0.03, "train.weight_decay": 0.0}
        assert profile_settings(name, "fedprox") is None
    assert tomllib.loads(path.read_text()) == {
        "fedavg": {"settings": {"train.lr": 0.03, "train.weight_decay": 0.0}, "budget": {"trials": 8}}
    }


def test_saving_again_replaces_one_section() -> None:
    save_profile("mine", "fedprox", {"mu": 0.1}, {"trials": 8, "space": {"mu": "0..1"}})
    save_profile("mine", "fedavg", {"train.lr": 0.03}, {"trials": 8})
    save_profile("mine", "fedavg", {"train.momentum": 0.9}, {"trials": 20})
    assert read_profile("mine") == {
        "fedavg": {"settings": {"train.momentum": 0.9}, "budget": {"trials": 20}},
        "fedprox": {"settings": {"mu": 0.1}, "budget": {"trials": 8, "space": {"mu": "0..1"}}},
    }


def test_a_method_in_a_file_has_the_name_of_its_class(here: Path) -> None:
    (here / "mine.py").write_text(
        "from counterpoint import FedAvg\nclass Mine(FedAvg):\n    '''x'''\n    a: float = 1.0\n"
    )
    save_profile("mine", "mine.py:Mine", {"a": 2.0}, {})
    assert read_profile("mine").keys() == {"mine"}
    assert profile_settings("mine", f"{here}/mine.py") == {"a": 2.0}


def test_names_of_data_sets() -> None:
    assert data_profile("tuned/{data}", "watch") == "tuned/watch"
    assert data_profile("tuned/{data}", "./my data/") == "tuned/my-data"
    assert data_profile("fixed", "watch") == "fixed"


def test_what_is_not_there() -> None:
    with pytest.raises(UserError) as error:
        profile_settings("tuned/watch", "fedavg")
    assert str(error.value) == (
        "there is no profile 'tuned/watch' (no file profiles/tuned/watch.toml): counterpoint sweep makes one"
    )
    save_profile("tuned/emoji", "fedavg", {}, {})
    with pytest.raises(UserError, match=r"there are: tuned/emoji$"):
        profile_settings("tuned/watch", "fedavg")
    with pytest.raises(UserError, match=r"cannot read the profile nowhere\.toml: No such file"):
        profile_settings("nowhere.toml", "fedavg")


@pytest.mark.parametrize("name", ["", "../x", "a b", "tuned/", "/etc/x"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UserError, match="is no name for a profile"):
        save_profile(name, "fedavg", {}, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ", "is not valid TOML"),
        ("a = 1", "has no settings for a"),
        ("[fedavg]\nmu = 1", "has no settings for fedavg"),
    ],
)
def test_what_is_no_profile_is_neither_read_nor_replaced(here: Path, text: str, said: str) -> None:
    file = here / "mine.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=said):
        read_profile("mine.toml")
    with pytest.raises(UserError, match=said):
        save_profile("mine.toml", "fedavg", {}, {})
    assert file.read_text() == text


def test_where_nothing_can_be_written(here: Path) -> None:
    (here / "profiles").write_text("a file")
    with pytest.raises(UserError, match=r"cannot write the profile profiles/mine\.toml"):
        save_profile("mine", "fedavg", {}, {})


def test_a_variant_takes_what_was_found_for_it_else_what_was_found_for_its_method() -> None:
    save_profile("mine", "fedavg", {"train.lr": 0.03}, {})
    assert profile_settings("mine", "fedavg", "fedavg[term=pmr]") == {"train.lr": 0.03}
    save_profile("mine", "fedavg[term=pmr]", {"train.lr": 0.01, "term.alpha": 0.5}, {})
    assert profile_settings("mine", "fedavg", "fedavg[term=pmr]") == {"train.lr": 0.01, "term.alpha": 0.5}
    assert profile_settings("mine", "fedavg", "fedavg[term=ogm-ge]") == {"train.lr": 0.03}
    assert profile_settings("mine", "fedavg") == {"train.lr": 0.03}
