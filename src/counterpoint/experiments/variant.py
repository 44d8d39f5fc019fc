"""A method with options: one row of a comparison."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from counterpoint.errors import UserError
from counterpoint.methods import find_method
from counterpoint.methods.registry import lasting_name


@dataclass(frozen=True)
class Variant:
    """A method with options of its own, beside which other variants of the same method may stand.

    Attributes:
        label: as people read it: `fedavg`, `fedprox[mu=0.1]`.
        method: its name, or `path.py:Class`.
        settings: by key, as `--set` takes them.
    """

    label: str
    method: str
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The variant that `METHOD` or `METHOD[KEY=VALUE,...]` names.

        Raises:
            UserError: it is written otherwise, or there is no such method.
        """
        method, bracket, rest = text.strip().partition("[")
        if bracket and not rest.endswith("]"):
            raise UserError(f"{text!r} has a bracket that does not end: write METHOD[KEY=VALUE,...]")
        pairs = [pair.partition("=") for pair in rest.removesuffix("]").split(",")] if bracket else []
        for key, equals, value in pairs:
            if not (key.strip() and equals and value.strip()):
                raise UserError(f"{text!r}: write METHOD[KEY=VALUE,...], for example fedprox[mu=0.1]")
        settings = {key.strip(): value.strip() for key, _, value in pairs}
        find_method(method)
        method = lasting_name(method)
        told = ",".join(f"{key}={value}" for key, value in settings.items())
        return cls(f"{_short(method)}[{told}]" if told else _short(method), method, settings)

    @property
    def text(self) -> str:
        """What `parse` reads."""
        told = ",".join(f"{key}={value}" for key, value in self.settings.items())
        return f"{self.method}[{told}]" if told else self.method

    @property
    def section(self) -> str:
        """Under which name a profile holds what was found for it: its label where it names settings."""
        return self.label if "[" in self.label else self.method

    @property
    def kind(self) -> Literal["global", "personal", "peer"]:
        """Whether one model is learned for all, or one for each client."""
        return find_method(self.method).model_kind


def _short(method: str) -> str:
    """A method's name; of one in a file the class, or the file."""
    path, _, wanted = method.partition(":")
    return (wanted or Path(path).stem) if path.endswith(".py") else method
