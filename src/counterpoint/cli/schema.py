"""Settings as people read them: key, type, default, bounds and text, out of what pydantic knows."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

TYPES = {"number": "float", "integer": "int", "boolean": "bool", "string": "text", "null": "none", "array": "several"}
BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


class Setting(NamedTuple):
    """One setting, all of it as text."""

    key: str
    type: str
    default: str
    bounds: str
    text: str


def settings_of(kind: Any, *, prefix: str = "", defaults: Mapping[str, object] | None = None) -> Iterator[Setting]:
    """The settings that a pydantic class declares.

    Args:
        kind: the class.
        prefix: of every key.
        defaults: that stand in for the class's own.
    """
    for name, schema in TypeAdapter(kind).json_schema().get("properties", {}).items():
        default = (defaults or {}).get(name, schema.get("default"))
        bounds = ", ".join(f"{sign} {schema[key]:g}" for key, sign in BOUNDS.items() if key in schema)
        yield Setting(prefix + name, _type(schema), plain(default), bounds, schema.get("description", ""))


def plain(value: object) -> str:
    """A value as `--set` takes it; `none` for none of several."""
    if isinstance(value, list | tuple):
        return ",".join(map(plain, value)) or "none"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(plain, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(map(_type, schema["anyOf"]))
    kind = str(schema.get("type", "any"))
    return TYPES.get(kind, kind)
