"""Which settings a search tries, and between which bounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterpoint.errors import UserError
from counterpoint.methods import find_method
from counterpoint.methods.search import Search, searched
from counterpoint.methods.terms import find_term
from counterpoint.runs import RunConfig

if TYPE_CHECKING:
    from optuna import Trial

DIGITS = 3
"""Numbers are tried with so many significant digits: what was tried is what people read."""


@dataclass(frozen=True)
class Range:
    """Numbers between bounds, both included.

    Attributes:
        low: the smallest.
        high: the largest.
        log: whether they are drawn evenly by their logarithms.
        whole: whether they are whole.
        zero: whether 0 is tried too, in about half of the trials that are drawn by chance.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    zero: bool = False

    @property
    def text(self) -> str:
        """For people and files: `0 or 1e-05..0.01:log`."""
        return ("0 or " if self.zero else "") + f"{self.low:g}..{self.high:g}" + (":log" if self.log else "")

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that show whether a method takes such numbers."""
        return tuple(int(end) if self.whole else end for end in (self.low, self.high))

    def draw(self, trial: "Trial", key: str) -> Any:
        """The value that a trial takes."""
        if self.zero and trial.suggest_categorical(_is_zero(key), [True, False]):
            return 0.0
        if self.whole:
            return trial.suggest_int(key, int(self.low), int(self.high), log=self.log)
        drawn = float(f"{trial.suggest_float(key, self.low, self.high, log=self.log):.{DIGITS}g}")
        return min(max(drawn, self.low), self.high)

    def drawn_as(self, key: str, value: Any) -> dict[str, Any]:
        """What a trial would have drawn to take this value; nothing where it cannot."""
        if self.zero and value == 0:
            return {_is_zero(key): True}
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return {}
        return {key: value, **({_is_zero(key): False} if self.zero else {})}


@dataclass(frozen=True)
class Choices:
    """Some values.

    Attributes:
        values: as `--set` takes them.
    """

    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """For people and files: `0.01,0.1`."""
        return ",".join(self.values)

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that show whether a method takes such: all of them."""
        return self.values

    def draw(self, trial: "Trial", key: str) -> Any:
        """The value that a trial takes."""
        return trial.suggest_categorical(key, list(self.values))

    def drawn_as(self, key: str, value: Any) -> dict[str, Any]:
        """What a trial would have drawn to take this value; nothing where it cannot."""
        return next(({key: text} for text in self.values if _alike(text, value)), {})


Dimension = Range | Choices
Space = Mapping[str, Dimension]
"""What is searched, by key of a setting."""

COMMON: dict[str, Range] = {
    "train.lr": Range(1e-3, 1.0, log=True),
    "train.weight_decay": Range(1e-5, 1e-2, log=True, zero=True),
}
"""What is searched for every method that takes it."""


def space_of(
    config: Callable[[Mapping[str, Any]], RunConfig], fixed: Mapping[str, Any], over: Mapping[str, str] | None = None
) -> dict[str, Dimension]:
    """What is searched for a method: learning rate, weight decay, the options for which it declares a range.

    What the method refuses (scaffold takes no weight decay) is left out.

    Args:
        config: the configuration of a run with these settings, all others as they are.
        fixed: settings that are not searched, by key.
        over: ranges or choices by key, in place of these or beside them, as `parse_over` reads them.

    Raises:
        UserError: a key or a value of `over` is none that the method takes, or is fixed.
    """
    usual = config({})
    method = find_method(usual.method)
    found: dict[str, Dimension] = {key: one for key, one in COMMON.items() if _taken(config, {key: one.ends[0]})}
    for name, search in searched(method).items():
        found[name] = _declared(search, type(usual.options[name]))
    if usual.term:
        for name, search in searched(find_term(usual.term["name"])).items():
            found[f"term.{name}"] = _declared(search, type(usual.term[name]))
    found = {key: one for key, one in found.items() if key not in fixed}
    for key, text in (over or {}).items():
        if key in fixed:
            raise UserError(f"--over {key}={text}: {key} is set to {fixed[key]}: leave out one of them")
        dimension = parse_over(key, text, whole=isinstance(_value(usual, key), int))
        for end in dimension.ends:
            checked = config({key: end})
            method(**checked.options).check(checked.train)
        found[key] = dimension
    if not found:
        raise UserError(f"nothing is left to search for {method.name}: name a setting with --over KEY=VALUES")
    return found


def parse_over(key: str, text: str, *, whole: bool) -> Dimension:
    """Read `0.01,0.03,0.1` (these values), `1e-4..1` (numbers between), or `1e-4..1:log` (their logarithms between).

    Args:
        key: of the setting.
        text: what is read.
        whole: whether the setting is a whole number.

    Raises:
        UserError: it is written otherwise.
    """
    low, dots, rest = text.partition("..")
    if not dots:
        values = tuple(part.strip() for part in text.split(",") if part.strip())
        if len(values) < 2:
            raise UserError(f"--over {key}={text}: write {key}=0.01,0.1 for values, or {key}=0.01..0.1 for a range")
        return Choices(values)
    high, colon, log = rest.partition(":")
    wrong = UserError(f"--over {key}={text}: write a range as {key}=1e-4..1, or {key}=1e-4..1:log")
    try:
        ends = float(low), float(high)
    except ValueError as error:
        raise wrong from error
    if (colon and log != "log") or not ends[0] < ends[1]:
        raise wrong
    if colon and ends[0] <= 0:
        raise UserError(f"--over {key}={text}: a range by logarithms begins above 0")
    if whole and not (ends[0].is_integer() and ends[1].is_integer()):
        raise UserError(f"--over {key}={text}: {key} takes whole numbers")
    return Range(*ends, log=bool(colon), whole=whole)


def drawn(trial: "Trial", space: Space) -> dict[str, Any]:
    """The settings that a trial takes, by key."""
    return {key: one.draw(trial, key) for key, one in space.items()}


def as_drawn(space: Space, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a trial would have drawn to take these settings, as far as they lie in the space."""
    return {name: value for key, one in space.items() for name, value in one.drawn_as(key, settings[key]).items()}


def values(space: Space, config: RunConfig) -> dict[str, Any]:
    """The settings of a configuration that are searched, by key."""
    return {key: _value(config, key) for key in space}


def _value(config: RunConfig, key: str) -> Any:
    section, dot, name = key.partition(".")
    if section == "term":
        return config.term.get(name or "name")
    return getattr(getattr(config, section, None), name, None) if dot else config.options.get(section)


def _taken(config: Callable[[Mapping[str, Any]], RunConfig], settings: Mapping[str, Any]) -> bool:
    """Whether a method takes these settings."""
    found = config(settings)
    try:
        find_method(found.method)(**found.options).check(found.train)
    except UserError:
        return False
    return True


def _declared(search: Search, kind: type) -> Range:
    return Range(search.low, search.high, search.log, whole=kind is int)


def _is_zero(key: str) -> str:
    return f"{key} is 0"


def _alike(text: str, value: Any) -> bool:
    """Whether a text says this value, as `--set` reads it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text.lower() == str(value).lower()
    try:
        return float(text) == value
    except ValueError:
        return False
