"""What apps need beside the core."""

from importlib import import_module

from counterpoint.errors import UserError


def flower() -> None:
    """See that Flower is there.

    Raises:
        UserError: it is not installed.
    """
    try:
        import_module("flwr.serverapp")
    except ModuleNotFoundError as error:
        raise UserError(f"Flower apps need {error.name}: pip install 'counterpoint[flower]'") from error
