"""A class of a user's own, out of a Python file."""

import importlib.util
import inspect
import sys
from pathlib import Path
from typing import TypeVar

from counterpoint.errors import UserError, unknown

T = TypeVar("T")


def class_in_file(name: str, base: type[T], what: str) -> type[T]:
    """The one class of a kind in `my_file.py`, or the one that `my_file.py:MyClass` names.

    Args:
        name: as above.
        base: what it must be derived from.
        what: what such a class is called in complaints: `method`.

    Raises:
        UserError: there is no such file, it cannot be loaded, or it has none or several.
    """
    text, _, wanted = name.partition(":")
    path = Path(text)
    if not path.is_file():
        raise UserError(f"there is no {what} file {path}")
    label = f"counterpoint_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(label, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[label] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    found = {
        n: c
        for n, c in vars(module).items()
        if isinstance(c, type) and issubclass(c, base) and c.__module__ == label and not inspect.isabstract(c)
    }
    if wanted and wanted not in found:
        raise unknown(f"{what} in {path}", wanted, found)
    if not wanted and len(found) != 1:
        raise UserError(f"{path} must define one {what}, it defines {len(found)}: say {path}:NAME")
    return found[wanted] if wanted else next(iter(found.values()))
