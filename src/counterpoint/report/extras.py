"""What pages are made with, and what is said where it is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from counterpoint.errors import UserError

EXTRAS = ("jinja2", "markupsafe", "matplotlib", "PIL")


@contextmanager
def extras(what: str) -> Iterator[None]:
    """Around the import of what makes a page.

    Args:
        what: needs it.

    Raises:
        UserError: a package is not installed.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise UserError(f"{what} needs {package}: pip install 'counterpoint[report]'") from error
