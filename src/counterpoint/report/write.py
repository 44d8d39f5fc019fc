"""Writing the report of a run."""

from pathlib import Path

from counterpoint.errors import UserError
from counterpoint.report.record import read_record
from counterpoint.runs.folder import RunFolder
from counterpoint.storage import write_atomically

EXTRAS = ("jinja2", "markupsafe", "matplotlib", "PIL")


def write_report(folder: RunFolder) -> Path:
    """Write `report.html` into a run folder, out of the folder's files only; the run may still be going on.

    Equal files give an equal page. It needs no network and no other file.

    Raises:
        UserError: a file of the folder is missing or damaged, or matplotlib or jinja2 is not installed.
    """
    try:
        from counterpoint.report.page import render
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in EXTRAS:
            raise
        raise UserError(f"the report needs {error.name}: pip install 'counterpoint[report]'") from error
    page = render(read_record(folder))
    try:
        write_atomically(folder.report, page.encode())
    except OSError as error:
        raise UserError(f"cannot write {folder.report}: {error.strerror}") from error
    return folder.report
