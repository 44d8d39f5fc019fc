"""The command that does a run again."""

import shlex
from typing import Any

from counterpoint.report.command import reproduce
from counterpoint.runs.config import GIVEN, RunConfig, checked


def config(**more: Any) -> RunConfig:
    return checked({"method": "fedavg", "data": {"name": "watch"}, "rounds": 8, **more})


def test_every_flag_is_said_and_settings_that_are_not_the_default() -> None:
    code = reproduce(
        config(
            data={"name": "watch", "partition": "dirichlet:0.3", "clients": 20, "missing": "client:0.4"},
            options={"mu": 0.01, "note": "two words", "warm": True},
            train={"epochs": 3, "batch_size": 32, "momentum": 0.9},
            evaluate={"every": 5},
        )
    )
    words = shlex.split(code.text.replace("\\\n", ""))
    assert words[:5] == ["counterpoint", "run", "fedavg", "--data", "watch"]
    pairs = list(zip(words[5::2], words[6::2], strict=True))
    assert [value for flag, value in pairs if flag == "--set"] == [
        "mu=0.01",
        "note=two words",
        "warm=true",
        "train.momentum=0.9",
        "evaluate.every=5",
    ]
    assert dict(pair for pair in pairs if pair[0] != "--set") == {
        "--rounds": "8",
        "--clients": "20",
        "--participation": "1.0",
        "--partition": "dirichlet:0.3",
        "--missing": "client:0.4",
        "--epochs": "3",
        "--batch-size": "32",
        "--lr": "0.1",
        "--seed": "0",
        "--engine": "stacked",
        "--device": "cpu",
    }


def test_data_that_most_runs_leave_as_they_are() -> None:
    data = {
        "name": "emoji",
        "missing_test": "sample:0.5",
        "labels": "rate:0.1",
        "proxy": 0.05,
        "modalities": ("image", "text"),
        "features": {"text": "minilm"},
    }
    words = shlex.split(reproduce(config(data=data)).text.replace("\\\n", ""))
    pairs = dict(zip(words[5::2], words[6::2], strict=True))
    assert {flag: pairs[flag] for flag in pairs if flag.lstrip("-").replace("-", "_") in data} == {
        "--missing-test": "sample:0.5",
        "--labels": "rate:0.1",
        "--proxy": "0.05",
        "--modalities": "image,text",
        "--features": "text=minilm",
    }
    code = reproduce(config(data=data, given=("model",)))
    assert "    modalities=['image', 'text'],\n    features={'text': 'minilm'},\n" in code.text


def test_stacks_are_said_where_they_were_given_and_workers_never() -> None:
    words = shlex.split(reproduce(config(stack=6, workers=3)).text.replace("\\\n", ""))
    assert words[words.index("--stack") + 1] == "6"
    assert "--workers" not in words, "no result depends on them"


def test_objects_given_from_python_are_named_as_such() -> None:
    code = reproduce(config(given=("data", "model"), options={"mu": 0.01}))
    assert code.title == "Started from Python with a data and a model of its own, which no command can name"
    assert "\n    'fedavg',\n    YOUR_POPULATION,\n    rounds=8,\n" in code.text
    assert "partition" not in code.text
    assert "    settings={'mu': 0.01},\n    model=YOUR_MODEL,\n)" in code.text


def test_options_of_several_values_are_said_as_the_command_line_takes_them() -> None:
    words = shlex.split(reproduce(config(options={"label_shares": (0.1, 0.5)})).text.replace("\\\n", ""))
    assert "label_shares=0.1,0.5" in words


def test_a_run_over_flower_is_repeated_in_one_process() -> None:
    code = reproduce(config(engine="flower"))
    assert code.title == "Run over Flower; in one process the same numbers come out of"
    words = shlex.split(code.text.replace("\\\n", ""))
    assert words[words.index("--engine") + 1] == "sequential"


def test_a_run_of_sites_with_data_of_their_own_has_no_such_command() -> None:
    code = reproduce(config(engine="flower", data={"name": "hearts", "partition": GIVEN}))
    assert code.title.startswith("Run over Flower, with data that are at their sites")
    assert code.text == "flwr run . --stream"
