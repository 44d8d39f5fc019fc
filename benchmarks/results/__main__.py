"""Runs what is not there yet, and writes docs/results.md: `python -m benchmarks.results [--jobs N] [--out DIR]`."""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.results import data, methods
from benchmarks.results.runs import Case

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "results.md"
HEAD = """Measured, never typed: this page is written by `python -m benchmarks.results`. Values are mean ± sample
standard deviation over seeds, in percent.
"""


def main() -> None:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--out", type=Path, default=Path("runs/results"), help="where runs are kept")
    given = parser.parse_args()
    cases = [*data.cases(), *methods.cases()]
    results = all_of(cases, given.out, given.jobs)
    words = (Path(__file__).parent / "words.md").read_text(encoding="utf-8")
    DOCUMENT.write_text("\n".join([HEAD, data.tables(results), methods.tables(results), words]), encoding="utf-8")
    print(f"wrote {DOCUMENT}")


def all_of(cases: list[Case], folder: Path, jobs: int) -> dict[Case, dict]:
    """The results of all runs, so many at a time."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("runs", total=len(cases))

        def one(case: Case) -> dict:
            result = case.result(folder)
            progress.advance(task)
            return result

        return dict(zip(cases, pool.map(one, cases), strict=True))


if __name__ == "__main__":
    main()
