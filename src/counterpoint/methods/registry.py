"""Methods by name, and methods out of a user's own file."""

import importlib.util
import inspect
import sys
from pathlib import Path

from counterpoint.errors import UserError, unknown
from counterpoint.methods.centralized import Centralized
from counterpoint.methods.fedavg import FedAvg
from counterpoint.methods.fedcmi import FedCMI
from counterpoint.methods.fedopt import FedAdagrad, FedAdam, FedYogi
from counterpoint.methods.fedprox import FedProx
from counterpoint.methods.local import Local
from counterpoint.methods.method import Method
from counterpoint.methods.scaffold import Scaffold

METHODS: dict[str, type[Method]] = {
    cls.name: cls for cls in (Local, Centralized, FedAvg, FedProx, Scaffold, FedAdam, FedYogi, FedAdagrad, FedCMI)
}


def find_method(name: str) -> type[Method]:
    """The method of this name, or the one in a file: `my_method.py`, or `my_method.py:MyMethod`.

    Raises:
        UserError: there is none.
    """
    path, _, wanted = name.partition(":")
    if path.endswith(".py"):
        return _from_file(Path(path), wanted)
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    return METHODS[name]


def lasting_name(name: str) -> str:
    """The name under which a method is found from any folder: that of a file with its whole path."""
    path, colon, wanted = name.partition(":")
    return f"{Path(path).resolve()}{colon}{wanted}" if path.endswith(".py") else name


def _from_file(path: Path, wanted: str) -> type[Method]:
    if not path.is_file():
        raise UserError(f"there is no method file {path}")
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
        if isinstance(c, type) and issubclass(c, Method) and c.__module__ == label and not inspect.isabstract(c)
    }
    if wanted and wanted not in found:
        raise unknown(f"method in {path}", wanted, found)
    if not wanted and len(found) != 1:
        raise UserError(f"{path} must define one method, it defines {len(found)}: say {path}:NAME")
    return found[wanted] if wanted else next(iter(found.values()))
