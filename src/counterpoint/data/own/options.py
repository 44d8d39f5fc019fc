"""Options that the readers of objects share, and how a population is made of what they read."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from counterpoint.data.population import Dataset, Population
from counterpoint.errors import UserError, unknown


class Reading(TypedDict, total=False):
    """Options of `from_arrays` that hold for every object that is read; see there."""

    classes: Sequence[str] | None
    kinds: Mapping[str, str] | None
    rates: Mapping[str, float] | None
    units: Mapping[str, str] | None
    columns: Mapping[str, Sequence[str]] | None
    lengths: Mapping[str, int] | None
    sizes: Mapping[str, int] | None
    seconds: Mapping[str, float] | None
    standardise: bool
    test_share: float
    name: str
    title: str
    licence: str


def dealt(read: Callable[..., Dataset], /, *given: object, **options: Any) -> Population:
    """Read a data set and deal it to clients.

    Args:
        read: makes a data set of what is given.
        given: to it.
        options: of `read` and of `populate`, by name.

    Raises:
        UserError: there is no such option, or one has a wrong value.
    """
    from counterpoint.data.populate import populate

    reading, dealing = _keywords(read), _keywords(populate)
    for option in options:
        if option not in reading | dealing:
            raise unknown("option", option, reading | dealing)
    if not isinstance(options.get("labels", ""), str):
        raise UserError("labels says who has labels (all, server, rate:SHARE): give the label of each row as label.")
    dataset = read(*given, **{key: value for key, value in options.items() if key in reading})
    return populate(dataset, **{key: value for key, value in options.items() if key in dealing})


def _keywords(function: Callable[..., object]) -> set[str]:
    """Names of the parameters that may be given by name, those of `Reading` included where a function takes them."""
    parameters = inspect.signature(function).parameters.values()
    named = {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
    return named | (set(Reading.__annotations__) if any(p.kind is p.VAR_KEYWORD for p in parameters) else set())
