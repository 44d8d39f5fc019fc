"""The report: one self-contained HTML page out of a run folder's files."""

from counterpoint.report.write import write_report

__all__ = ["write_report"]
