"""Runs of the command line, made once and found again."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SEEDS = (0, 1, 2)
GLOBAL, OWN = "global_test", "test"
PERSONAL = {"local"}


@dataclass(frozen=True)
class Case:
    """One run: `counterpoint run METHOD --data DATA ... --seed SEED`, with defaults for all that is not said."""

    method: str
    data: str
    seed: int
    options: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Of its folder."""
        parts = [self.method, self.data, *(f"{k}-{v}" for k, v in self.options), str(self.seed)]
        return "-".join(part.replace(":", "").replace(",", "+") for part in parts)

    def command(self, out: Path) -> list[str]:
        """What is called."""
        options = [f"--{key}={value}" for key, value in self.options]
        return [
            *(sys.executable, "-m", "counterpoint", "run", self.method, "--data", self.data, *options),
            *("--seed", str(self.seed), "--out", str(out), "--quiet", "--json", "--no-report", "--workers", "1"),
            *("--set", "evaluate.every=1000", "--set", "evaluate.after=false"),
        ]

    def result(self, folder: Path) -> dict:
        """What came out, made now or found; a run that was cut off goes on."""
        out = folder / self.name
        if not (out / "result.json").exists():
            resume = [sys.executable, "-m", "counterpoint", "resume", str(out), "--quiet", "--no-report"]
            command = resume if (out / "config.toml").exists() else self.command(out)
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        return json.loads((out / "result.json").read_text(encoding="utf-8"))


def cell(results: Sequence[dict], name: str, scale: float = 100) -> str:
    """Mean and sample standard deviation of a metric over runs, in percent; a dash where not every run has it."""
    values = [scale * r["metrics"][name] for r in results if name in r["metrics"]]
    if len(values) < len(results):
        return "–"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def held_out(method: str, measure: str = "accuracy", pattern: str = "observed") -> str:
    """The name of a score on the global test."""
    if method in PERSONAL:
        return f"{measure}/personal/clients:mean/{GLOBAL}/{pattern}/after"
    return f"{measure}/global/server/{GLOBAL}/{pattern}/before"


def own_test(method: str, over: str, measure: str = "accuracy") -> str:
    """The name of a score on each client's own test: its mean or worst over clients."""
    model, moment = ("personal", "after") if method in PERSONAL else ("global", "before")
    return f"{measure}/{model}/clients:{over}/{OWN}/observed/{moment}"


def traffic(results: Sequence[dict]) -> str:
    """Megabytes up and down."""
    return f"{statistics.mean(r['bytes_up'] + r['bytes_down'] for r in results) / 1e6:.1f}"
