"""Runs the first comparison and writes docs/results.md: `python benchmarks/results.py [--jobs N]`.

Every method, with nothing missing and with modalities missing from clients and from samples; three seeds each; the
command line's defaults. Finished runs are found again in the folder and not repeated. What the figures show is said in
`results-words.md` beside this file.
"""

import argparse
import json
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.progress import track

SEEDS = (0, 1, 2)
MAIN = ("local", "centralized", "fedavg")
OTHERS = ("fedprox", "scaffold", "fedadam", "fedyogi", "fedadagrad")
MISSING = ("none", "client:0.4", "sample:0.3")
CASES = [(method, missing) for missing in MISSING for method in (*MAIN, *OTHERS)]
DOCUMENT = Path(__file__).parent.parent / "docs" / "results.md"

GLOBAL, OWN = "global_test", "test"
PERSONAL = {"local"}

HEAD = """# Results

Measured, never typed: this page is written by `python benchmarks/results.py`. Every run is
`counterpoint run METHOD --data watch --missing MISSING --seed SEED` with all defaults (7 natural clients, 40 rounds,
2 local epochs, batch 16, SGD 0.1, 1-D CNN encoders, mean fusion), seeds 0, 1, 2. The same settings for all: **no method
was tuned**, so the table says how methods do out of the box, not which is best. Values are mean ± sample standard
deviation over seeds, in percent. The split between people is fixed; seeds vary initial weights, batches and what is
missing.

* **held-out people**: the global test, three people that nobody trained on. For `local` it is the mean over the seven
  personal models. Modalities are missing there by the same rule as in training ("as they are"); "acc" and "gyro" show
  the model one sensor of all samples that have it, "both" the samples that have both.
  A personal model is only scored on what its client can read: one without a gyroscope has no score for "gyro" and
  "both", and "as they are" leaves out samples that hold nothing else. So under `client:0.4` the columns of `local`
  stand on fewer clients and samples than the others.
* **own test**: each client's own test recordings, before any further local training, mean and worst over the seven
  clients. For `local` it is each client's own model.
* **MB**: encoded packages up and down, all clients, all rounds.
"""


def command(method: str, missing: str, seed: int, out: Path) -> list[str]:
    """The command of one run."""
    return [
        *(sys.executable, "-m", "counterpoint", "run", method, "--data", "watch", "--missing", missing),
        *("--seed", str(seed), "--out", str(out), "--quiet", "--json", "--no-report", "--set", "evaluate.every=40"),
    ]


def one(method: str, missing: str, seed: int, folder: Path) -> dict:
    """The result of one run, made now or found."""
    out = folder / f"{method}-{missing.replace(':', '')}-{seed}"
    if not (out / "result.json").exists():
        subprocess.run(command(method, missing, seed, out), check=True, stdout=subprocess.DEVNULL)
    return json.loads((out / "result.json").read_text())


def cell(results: list[dict], name: str) -> str:
    """Mean and spread of a metric over runs, in percent."""
    values = [100 * r["metrics"][name] for r in results if name in r["metrics"]]
    if len(values) < len(results):
        return "–"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def row(method: str, results: list[dict]) -> str:
    """One line of the table."""
    personal = method in PERSONAL
    held = f"personal/clients:mean/{GLOBAL}" if personal else f"global/server/{GLOBAL}"
    own, moment = ("personal", "after") if personal else ("global", "before")
    names = [
        f"accuracy/{held}/observed/{moment}",
        f"macro_f1/{held}/observed/{moment}",
        *(f"accuracy/{held}/{pattern}/{moment}" for pattern in ("acc+gyro", "acc", "gyro")),
        f"accuracy/{own}/clients:mean/{OWN}/observed/{moment}",
        f"accuracy/{own}/clients:worst/{OWN}/observed/{moment}",
    ]
    traffic = statistics.mean(r["bytes_up"] + r["bytes_down"] for r in results) / 1e6
    cells = [f"`{method}`", *(cell(results, name) for name in names), f"{traffic:.1f}"]
    return f"| {' | '.join(cells)} |"


def table(missing: str, results: dict[tuple[str, str], list[dict]]) -> str:
    """The table of one kind of missingness."""
    head = (
        "| method | held-out people, as they are | macro-F1 | both | acc | gyro | own test, mean | worst | MB |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    rows = [row(method, found) for (method, what), found in results.items() if what == missing]
    return "\n".join([f"## `--missing {missing}`\n", head, *rows])


def main() -> None:
    """Run what is not there yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/results"))
    given = parser.parse_args()
    todo = [(method, missing, seed) for seed in SEEDS for method, missing in CASES]
    with ThreadPoolExecutor(given.jobs) as pool:
        done = [pool.submit(one, *case, given.out) for case in todo]
        for run in track(done, "running"):
            run.result()
    results = {case: [one(*case, seed, given.out) for seed in SEEDS] for case in CASES}
    words = (Path(__file__).parent / "results-words.md").read_text(encoding="utf-8")
    tables = [table(missing, results) for missing in MISSING]
    DOCUMENT.write_text("\n".join([HEAD, "\n\n".join(tables), "", words]), encoding="utf-8")
    print(f"wrote {DOCUMENT}")


if __name__ == "__main__":
    main()
