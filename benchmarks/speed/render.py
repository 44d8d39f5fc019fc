"""From the record to page and drawings, without measuring."""

import json
from pathlib import Path

from benchmarks.speed.figures import Figures, Record
from benchmarks.speed.page import page
from benchmarks.speed.plots import plots
from benchmarks.speed.write import sections

WORDS = Path(__file__).resolve().parents[1] / "performance-words.md"


def paths(out: Path) -> tuple[Path, Path]:
    """Where the record and the page are."""
    return out / "performance" / "speed.json", out / "performance.md"


def save(record: Record, out: Path) -> None:
    """Write the record."""
    where, _ = paths(out)
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def render(out: Path) -> Path:
    """Write page and drawings from the record in a folder; returns the page's path."""
    source, target = paths(out)
    record: Record = json.loads(source.read_text(encoding="utf-8"))
    drawn = plots(Figures(record))
    for old in source.parent.glob("*.svg"):
        old.unlink()
    for name, svg in drawn.items():
        (source.parent / f"{name}.svg").write_text(svg, encoding="utf-8")
    target.write_text(page(record, sections(WORDS.read_text(encoding="utf-8")), list(drawn)), encoding="utf-8")
    return target
