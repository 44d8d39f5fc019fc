"""Runs what is not there yet, and writes what was measured: `python -m benchmarks.results [--jobs N] [--out DIR]`.

`docs/results.md` is the standing benchmark; a method that is shown at length has a page of its own in `docs/methods`.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.results import core, data, fedaid, fedcmi, fedmekt, methods, peers
from counterpoint.cli.grid import choose_observer
from counterpoint.experiments import Comparison, Results, Store
from counterpoint.experiments.pool import cores
from counterpoint.experiments.ready import ready
from counterpoint.experiments.statistics import distributions
from counterpoint.experiments.whole import carry_out

HERE = Path(__file__).parent
COMPARISONS = HERE.parent / "comparisons"
DOCS = HERE.parent.parent / "docs"
HEAD = """Measured, never typed: this page is written by `make results` out of [comparisons](../benchmarks/comparisons),
each of which `counterpoint compare FILE.toml` makes by itself. Values are mean ± sample standard deviation over seeds,
in percent.
"""


def _data_sets(results: Results) -> str:
    return data.page(results, json.loads((HERE.parent / "weak.json").read_text(encoding="utf-8")))


PAGES: dict[str, tuple[tuple[str, ...], Callable[..., str]]] = {
    "core": (("core",), core.page),
    "data-sets": (("data-sets",), _data_sets),
    "methods-on-watch": (("methods-on-watch",), methods.page),
    "fedcmi": (("fedcmi",), fedcmi.page),
    "fedaid": (("fedaid",), fedaid.page),
    "peers": (("peers",), peers.page),
    "fedmekt": (("fedmekt", "fedmekt-alone", "fedmekt-parts", "fedmekt-proxy"), fedmekt.page),
}
"""By name of a page: the comparisons in `benchmarks/comparisons` that it is of, and what is written of them."""
STANDING = ("core", "data-sets", "methods-on-watch")
"""Pages of the standing benchmark, which are one document."""


def main() -> None:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=cores(), help="runs at a time")
    parser.add_argument("--out", type=Path, default=Path("runs/results"), help="where runs are kept")
    parser.add_argument("--only", nargs="+", choices=PAGES, default=list(PAGES), help="pages")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    distributions()
    pages = {}
    for name, (comparisons, write_page) in PAGES.items():
        if name in given.only:
            pages[name] = write_page(*(results_of(each, given.out, given.jobs) for each in comparisons))
    if standing := [pages[name] for name in STANDING if name in pages]:
        words = (HERE / "words.md").read_text(encoding="utf-8")
        write(DOCS / "results.md", [HEAD, *standing, words])
    for name in pages.keys() - set(STANDING):
        words = (HERE / f"{name}-words.md").read_text(encoding="utf-8")
        write(DOCS / "methods" / f"{name}-results.md", [pages[name], words])


def write(path: Path, parts: list[str]) -> None:
    """Write a document."""
    path.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {path}")


def results_of(name: str, out: Path, jobs: int) -> Results:
    """The results of one of the comparisons.

    Raises:
        SystemExit: a run failed: a page with holes is not written.
    """
    comparison = Comparison.read(COMPARISONS / f"{name}.toml")
    ready(comparison)
    store = Store.create(out / name, comparison, pool=out / "runs")
    results = carry_out(comparison, store, jobs=jobs, observer=choose_observer(quiet=False))
    if results.failures:
        raise SystemExit("\n".join(f"{case}: {why}" for case, why in results.failures.items()))
    return results


if __name__ == "__main__":
    main()
