"""Pages, one self-contained HTML file each: of a run, of a comparison, of a data set."""

from counterpoint.report.write import write_comparison, write_dataset_page, write_report

__all__ = ["write_comparison", "write_dataset_page", "write_report"]
