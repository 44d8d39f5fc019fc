"""`report` of a comparison; that of a run is tested beside `run`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from counterpoint.experiments import Comparison, Store


def test_the_report_of_a_comparison(call: Callable[..., Any], tmp_path: Path) -> None:
    comparison = Comparison.of({"methods": ["local", "fedavg"], "data": ["watch"], "seeds": 2})
    store = Store.create(tmp_path / "grid", comparison)
    assert call("report", store.path) == (0, f"{store.report}\n", "")
    assert "4 not done yet" in store.report.read_text(encoding="utf-8")
    assert call("report", store.path, "--json") == (0, json.dumps({"report": str(store.report)}) + "\n", "")


def test_a_damaged_comparison_is_named(call: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "comparison.toml").write_text("methods = 3\n")
    status, out, err = call("report", tmp_path)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {tmp_path / 'comparison.toml'}: ") and err.count("\n") == 1
