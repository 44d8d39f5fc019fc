"""`data.toml`: what a folder's owner says of it beyond the table."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counterpoint.data.own.wishes import Wish, check_name, wish
from counterpoint.errors import UserError, unknown

FILE = "data.toml"
TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "title": str,
    "licence": str,
    "classes": list,
    "ignore": list,
    "standardise": bool,
    "test_share": (int, float),
}
"""What may stand there besides `modalities`, with its type."""


@dataclass(frozen=True)
class Wording:
    """What is said.

    Attributes:
        options: of `assemble`, by name: `name`, `title`, `licence`, `classes`, `standardise`, `test_share`.
        ignore: columns that are left out.
        modalities: by name.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    modalities: Mapping[str, Wish] = field(default_factory=dict)


def read_wording(folder: Path) -> Wording:
    """What the folder's `data.toml` says; nothing if there is none.

    Raises:
        UserError: it cannot be read, or says something that means nothing.
    """
    path = folder / FILE
    if not path.exists():
        return Wording()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror or error}).") from error
    except ValueError as error:
        raise UserError(f"{path} is no TOML that can be read ({error}).") from error
    modalities = said.pop("modalities", {})
    for key, value in said.items():
        if key not in TYPES:
            raise unknown(f"key in {path}", key, [*TYPES, "modalities"])
        texts = not isinstance(value, list) or all(isinstance(part, str) for part in value)
        if not isinstance(value, TYPES[key]) or not texts:
            raise UserError(f"{path}: {key} is {value!r}, which is not of its type: {_form(key)}.")
    if not isinstance(modalities, dict) or not all(isinstance(part, dict) for part in modalities.values()):
        raise UserError(f"{path}: write what is said of a modality under [modalities.NAME].")
    for name in modalities:
        check_name(name)
    ignore = tuple(said.pop("ignore", ()))
    return Wording(said, ignore, {name: wish(name, part) for name, part in modalities.items()})


def _form(key: str) -> str:
    forms = {str: "a text in quotation marks", list: "a list of texts", bool: "true or false"}
    kind = TYPES[key]
    return forms[kind] if isinstance(kind, type) else "a number"
