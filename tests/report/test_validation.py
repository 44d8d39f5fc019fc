"""The page of a run on validation rows: no number is called one of a test."""

import html
import re
from pathlib import Path

import pytest

import counterpoint
from counterpoint.report import write_report
from counterpoint.report.command import command_line
from counterpoint.runs import RunFolder
from counterpoint.runs.config import checked


@pytest.mark.parametrize("method", ["fedavg", "local"])
def test_every_number_is_one_of_validation_rows(method: str, tmp_path: Path) -> None:
    out = tmp_path / method
    counterpoint.run(
        method, "mfeat", partition="iid", clients=3, rounds=1, epochs=1, validation=0.2, missing="client:0.2", out=out
    )
    page = write_report(RunFolder(out)).read_text(encoding="utf-8")
    text = html.unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", "\n", page, flags=re.DOTALL))
    models = "Global model" if method == "fedavg" else "Personal models"
    for words in (
        "0.2 of the training rows stands in for all tests",
        f"{models} on the validation rows of all clients",
        f"{models} on each client's own validation rows",
        "Accuracy on all validation rows",
        "Accuracy on own validation rows",
        "for the clients' own validation",
        "--validation 0.2",
    ):
        assert words in text
    card = text[text.index("Data card") :] if "Data card" in text else ""
    about_the_run = text.removesuffix(card)
    for words in ("on the global test", "on own test", "own tests", "test rows"):
        found = [line for line in about_the_run.splitlines() if words in line.lower()]
        assert [line for line in found if "each client's own" not in line and "train rows:" not in line] == []


def test_the_command_says_it() -> None:
    config = checked({"method": "fedavg", "data": {"name": "watch", "validation": 0.25}})
    assert "--validation 0.25" in command_line(config)
    assert "validation" not in command_line(checked({"method": "fedavg", "data": {"name": "watch"}}))
