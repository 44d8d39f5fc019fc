"""What real peers need beside the core."""

from importlib import import_module
from types import ModuleType

from counterpoint.errors import UserError


def needed(module: str) -> ModuleType:
    """A module of the extra `peer`.

    Raises:
        UserError: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UserError(f"real peers need {error.name}: pip install 'counterpoint[peer]'") from error
