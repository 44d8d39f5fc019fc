"""Every method in a simulation of Flower, with real Ray workers, beside the sequential engine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

from counterpoint.methods import METHODS
from counterpoint.methods.aligning import Aligning
from counterpoint.runs import run
from counterpoint.runs.table import read_metrics

NODES, CLIENTS = 3, 4
SECONDS = 500
WITH_SERVER = sorted(name for name, cls in METHODS.items() if cls.model_kind != "peer")
FEW_LABELS = {"proxy": 0.15, "labels": "server:0.3"}


def of(method: str) -> dict[str, Any]:
    """How a method is run, as `run` takes it."""
    cls = METHODS[method]
    told: dict[str, Any] = {"partition": "iid", "clients": CLIENTS, "rounds": 2, "epochs": 1, "batch_size": 4}
    told |= {"participation": 0.7} if method == "scaffold" else {}
    told |= FEW_LABELS if set(cls.needs) & {"proxy", "labelled"} else {}
    settings = {"optimizer": "sgd", "depth": "1"} if issubclass(cls, Aligning) else {}
    return told | {"settings": {"evaluate.every": "2", "evaluate.after": "false", **settings}}


def as_app(told: dict[str, Any], method: str, data: str) -> dict[str, Any]:
    """The same, as the settings of an app."""
    names = {"batch_size": "batch-size", "proxy": "proxy-share"}
    found = {names.get(key, key): value for key, value in told.items() if key != "settings"}
    settings = " ".join(f"{key}={value}" for key, value in told["settings"].items())
    return found | {"method": method, "data": data, "settings": settings, "patience": 120.0}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of someone's own: two tables, some of their values missing."""
    folder = tmp_path_factory.mktemp("own")
    drawn = numpy.random.default_rng(0)
    lines = ["label,unit,split,heart.rate,heart.rhythm,blood.salt,blood.sugar"]
    for row in range(180):
        label = row % 3
        heart = drawn.normal(label, 0.5, 2)
        blood = drawn.normal(-label, 0.7, 2)
        cells = [f"{v:.4f}" for v in (*heart, *blood)]
        cells = ["", "", *cells[2:]] if row % 7 == 3 else cells
        lines.append(",".join([f"class {label}", str(row), "global" if row % 5 == 4 else "train", *cells]))
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    return str(folder)


@pytest.fixture(scope="module")
def simulated(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folders of all methods, out of one simulation."""
    folder = tmp_path_factory.mktemp("simulated")
    told = {name: as_app(of(name), name, data) for name in WITH_SERVER}
    environment = {
        **os.environ,
        "FLWR_HOME": str(folder / "home"),
        "FLWR_TELEMETRY_ENABLED": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "simulate.py"), str(folder), str(NODES)],
        input=json.dumps(told),
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (folder / "outcome.json").exists(), done.stderr[-3000:]
    return folder


def scores(folder: Path) -> dict[tuple[int, str], float]:
    return {(m.round, str(m.name)): m.value for m in read_metrics(folder / "metrics.parquet")}


@pytest.mark.slow
@pytest.mark.parametrize("method", WITH_SERVER)
def test_every_method_is_as_on_the_sequential_engine(method: str, simulated: Path, data: str, tmp_path: Path):
    outcome = json.loads((simulated / "outcome.json").read_text())
    assert outcome[method] == "done"
    found = scores(simulated / method)
    expected = scores(run(method, data, **of(method), engine="sequential", out=tmp_path / "near").out)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-5, rel=1e-5, nan_ok=True)
    assert not any("unanswered" in name for _, name in found)
