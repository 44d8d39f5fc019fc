"""Pages, one self-contained HTML file each: the report of a run out of its folder's files, and that of a data set."""

from counterpoint.report.write import write_dataset_page, write_report

__all__ = ["write_dataset_page", "write_report"]
