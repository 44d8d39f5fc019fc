"""The distributions that statistics stand on."""

from typing import Any

from counterpoint.errors import UserError


def distributions() -> Any:
    """The module `scipy.stats`. It takes about a second to load, so it is asked for only where it is used.

    Raises:
        UserError: it is not installed.
    """
    try:
        from scipy import stats
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package != "scipy":
            raise
        raise UserError("comparing methods needs scipy: pip install 'counterpoint[compare]'") from error
    return stats
