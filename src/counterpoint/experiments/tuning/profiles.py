"""Named profiles: settings that a search has found, a section for each method, and the budget that found them."""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import tomli_w
from filelock import FileLock

from counterpoint.errors import UserError
from counterpoint.methods import find_method
from counterpoint.storage import write_atomically

FOLDER = Path("profiles")
"""In the working folder."""


def profile_settings(name: str, method: str, label: str = "") -> dict[str, Any] | None:
    """The settings that a profile has for a method, as `--set` takes them; None where it has none.

    A variant of a method (`fedavg[term=ogm-ge]`) takes those that were searched for under its own label, else those of
    the method.

    A name that ends in `.toml` is a path. Any other is looked for in `profiles/` of the working folder, then among
    those that come with Counterpoint.

    Args:
        name: of the profile.
        method: its name, or `path.py:Class`.
        label: of the variant.

    Raises:
        UserError: there is no such profile, or it cannot be read.
    """
    profile = read_profile(name)
    section = profile.get(label) or profile.get(find_method(method).name)
    return None if section is None else dict(section["settings"])


def read_profile(name: str) -> dict[str, Any]:
    """A profile: by name of a method its `settings`, and the `budget` that found them.

    Raises:
        UserError: there is no such profile, or it cannot be read.
    """
    return _parsed(_place(name))


def methods_in(name: str) -> list[str]:
    """The methods that a profile has settings for.

    Raises:
        UserError: there is no such profile, or it cannot be read.
    """
    return sorted(read_profile(name))


def data_profile(name: str, data: str) -> str:
    """The name of a profile, with that of a data set in place of `{data}`: `tuned/{data}` is `tuned/watch`."""
    return name.replace("{data}", re.sub(r"[^\w.+-]+", "-", Path(data).resolve().name))


def save_profile(name: str, method: str, settings: Mapping[str, Any], budget: Mapping[str, Any]) -> Path:
    """Save what was found for a method under a name; what the profile has for others stays.

    Args:
        name: of the profile; a path if it ends in `.toml`.
        method: its name, `path.py:Class`, or the label of a variant.
        settings: as `--set` takes them.
        budget: that found them, as plain values.

    Returns:
        The file.

    Raises:
        UserError: there is a file that is no profile, or it cannot be written.
    """
    path = own_path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            before = _parsed(path) if path.exists() else {}
            found = {"settings": dict(settings), "budget": dict(budget)}
            section = method if "[" in method else find_method(method).name
            told = dict(sorted({**before, section: found}.items()))
            write_atomically(path, tomli_w.dumps(told).encode())
    except OSError as error:
        raise UserError(f"cannot write the profile {path}: {error.strerror}") from error
    return path


def own_path(name: str) -> Path:
    """The file of a profile of the working folder.

    Raises:
        UserError: it is no name for a profile.
    """
    if name.endswith(".toml"):
        return Path(name)
    if not re.fullmatch(r"[\w.+-]+(/[\w.+-]+)*", name) or ".." in name.split("/"):
        raise UserError(
            f"{name!r} is no name for a profile: write letters, digits and slashes, for example tuned/watch"
        )
    return FOLDER / f"{name}.toml"


def _place(name: str) -> Path | Traversable:
    own = own_path(name)
    if own.is_file() or name.endswith(".toml"):
        return own
    shipped = files("counterpoint.experiments.tuning").joinpath("shipped", *f"{name}.toml".split("/"))
    if shipped.is_file():
        return shipped
    here = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.toml"))
    known = f"there are: {', '.join(here)}" if here else "counterpoint sweep makes one"
    raise UserError(f"there is no profile {name!r} (no file {own}): {known}")


def _parsed(path: Path | Traversable) -> dict[str, Any]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the profile {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"the profile {path} is not valid TOML: {error}") from error
    for method, section in told.items():
        if not isinstance(section, dict) or not isinstance(section.get("settings"), dict):
            raise UserError(f"the profile {path} has no settings for {method}: write them under [{method}.settings]")
    return told
