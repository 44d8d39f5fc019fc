"""Runs methods in one simulation of Flower, in a process of its own: simulate.py FOLDER NODES < settings by method."""

import json
import sys
from pathlib import Path
from typing import Any

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp
from flwr.simulation import run_simulation

from counterpoint.deploy import client_app
from counterpoint.deploy.server import serve
from counterpoint.deploy.settings import AppSettings


def main(folder: Path, nodes: int, told: dict[str, dict[str, Any]]) -> None:
    """Run all methods one after another; what goes wrong with one is written down, and the next one begins."""
    app = ServerApp()
    outcome: dict[str, str] = {}

    @app.main()
    def server(grid: Grid, context: Context) -> None:
        for name, settings in told.items():
            try:
                serve(grid, AppSettings.of(settings | {"out": str(folder / name)}), folder, report=False)
                outcome[name] = "done"
            except Exception as error:
                outcome[name] = f"{type(error).__name__}: {error}"

    resources = {"client_resources": {"num_cpus": 1.0, "num_gpus": 0.0}, "init_args": {"num_cpus": 2}}
    run_simulation(app, client_app(str(folder / "app.py")), nodes, backend_config=resources)
    (folder / "outcome.json").write_text(json.dumps(outcome))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), json.load(sys.stdin))
