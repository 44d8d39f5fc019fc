"""The configuration: complete, read back as written, and strict."""

from pathlib import Path

import pytest

from counterpoint import UserError
from counterpoint.runs.config import RunConfig, checked, sorted_settings

LEAST = {"method": "fedavg", "data": {"name": "watch"}}


def test_it_is_read_back_as_written(tmp_path: Path) -> None:
    config = checked({**LEAST, "options": {"mu": 0.1}, "train": {"lr": 0.3}, "given": ["method"], "seed": 7})
    path = tmp_path / "config.toml"
    path.write_text(config.toml())
    assert RunConfig.read(path) == config
    assert (config.engine, config.stack, config.workers) == ("stacked", None, None)
    for implicit in ("batch_size", "momentum", "encoder", "participation", "partition", "every"):
        assert f"{implicit} = " in config.toml(), "nothing stays implicit"


def test_an_option_of_several_values_is_read_back_as_written(tmp_path: Path) -> None:
    config = checked({**LEAST, "options": {"templates": ("{}", "a picture of {}"), "mu": 0.1}})
    path = tmp_path / "config.toml"
    path.write_text(config.toml())
    assert RunConfig.read(path) == config
    assert config.options == {"templates": ["{}", "a picture of {}"], "mu": 0.1}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"rounds": 0}, "'rounds' = 0"),
        ({"participation": 0.0}, "'participation' = 0.0"),
        ({"participation": 1.5}, "'participation' = 1.5"),
        ({"seed": -1}, "'seed' = -1"),
        ({"train": {"lr": -0.1}}, "'train.lr' = -0.1"),
        ({"train": {"lr": float("inf")}}, r"'train\.lr' = inf"),
        ({"train": {"lr": float("nan")}}, r"'train\.lr' = nan"),
        ({"train": {"epochs": 0}}, r"'train\.epochs' = 0"),
        ({"train": {"optimizer": "sdg"}}, r"'train\.optimizer' = 'sdg'"),
        ({"data": {"name": "watch", "clients": 0}}, r"'data\.clients' = 0"),
        ({"model": {"fusion": "men"}}, r"'model\.fusion' = 'men'"),
        ({"stack": 0}, "'stack' = 0"),
        ({"workers": 0}, "'workers' = 0"),
        ({"unheard": 1}, "'unheard' = 1"),
    ],
)
def test_what_is_out_of_range_is_told(values: dict, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        checked({**LEAST, **values})


def test_settings_go_where_they_belong() -> None:
    found = sorted_settings("fedprox", {"mu": "0.5", "train.momentum": "0.9", "model.encoder": "gru"})
    assert found["options"] == {"mu": 0.5}
    assert found["train"] == {"momentum": "0.9"}
    assert checked({**LEAST, "train": found["train"]}).train.momentum == 0.9
    assert found["model"] == {"encoder": "gru"}


@pytest.mark.parametrize(
    ("key", "nearest"), [("my", "mu"), ("train.momentun", "train.momentum"), ("encoder", "model.encoder")]
)
def test_an_unknown_setting_gets_the_nearest_name(key: str, nearest: str) -> None:
    with pytest.raises(UserError, match=rf"unknown setting for fedprox '{key}': did you mean '{nearest}'\?"):
        sorted_settings("fedprox", {key: "1"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("method = ", "is not valid TOML"), ("method = 'fedavg'", "'data'"), ("\udcff", "is not valid TOML")],
)
def test_a_damaged_file_is_told(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=complaint):
        RunConfig.read(path)
