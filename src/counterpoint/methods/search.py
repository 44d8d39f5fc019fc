"""Where a search for settings looks for the value of a method's option."""

from dataclasses import dataclass

from counterpoint.methods.options import options_model


@dataclass(frozen=True)
class Search:
    """The range of an option that is worth searching, which may be narrower than what is allowed.

    It stands beside the option's type: `mu: Annotated[float, Field(ge=0), Search(1e-4, 1, log=True)] = 0.01`. An option
    without one is not searched unless somebody asks for it.

    Attributes:
        low: the smallest value.
        high: the largest.
        log: whether steps are factors, not differences.
    """

    low: float
    high: float
    log: bool = False


def searched(cls: type) -> dict[str, Search]:
    """The options of a method that declare a range, by name."""
    fields = options_model(cls).model_fields
    return {name: part for name, field in fields.items() for part in field.metadata if isinstance(part, Search)}
