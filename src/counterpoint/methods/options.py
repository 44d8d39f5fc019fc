"""Options of methods: declared as annotated class attributes, checked by pydantic."""

import inspect
from functools import cache
from typing import Any, ClassVar, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from counterpoint.errors import UserError, unknown


class Optioned:
    """What has a name and options, which are declared as annotated class attributes with defaults.

    Class attributes:
        name: how it is asked for; the class name in lower case where not given.
    """

    name: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = cls.__name__.lower()

    def __init__(self, **options: Any) -> None:
        self._options = validated(type(self), options)
        for name, value in self._options.items():
            setattr(self, name, value)

    @property
    def options(self) -> dict[str, Any]:
        """The options with their values."""
        return dict(self._options)


@cache
def options_model(cls: type) -> type[BaseModel]:
    """The pydantic model of a class's options: annotated attributes with defaults, `ClassVar`s and private ones aside.

    Inherited options come first.
    """
    hints = get_type_hints(cls, include_extras=True)
    fields: dict[str, Any] = {
        name: (hint, getattr(cls, name))
        for base in reversed(cls.__mro__)
        for name in inspect.get_annotations(base)
        if not name.startswith("_") and hasattr(cls, name)
        if get_origin(hint := hints[name]) is not ClassVar
    }
    return create_model(f"{cls.__name__}Options", __config__=ConfigDict(extra="forbid"), **fields)


def validated(cls: type, given: dict[str, Any]) -> dict[str, Any]:
    """All options of a class with their values, those given and the defaults.

    Texts are read as the option's type, so that the command line needs no types of its own; those of options that hold
    several values are taken apart at commas.

    Raises:
        UserError: an unknown option, or a value that does not fit.
    """
    model = options_model(cls)
    label = getattr(cls, "name", cls.__name__)
    for name in given:
        if name not in model.model_fields:
            raise unknown(f"option of {label}", name, model.model_fields)
    try:
        values = model(**{name: _apart(model.model_fields[name].annotation, value) for name, value in given.items()})
    except ValidationError as error:
        raise UserError(f"option {explain(error)} (of {label})") from error
    return {name: getattr(values, name) for name in model.model_fields}


def _apart(kind: Any, value: Any) -> Any:
    if get_origin(kind) is not tuple or not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def explain(error: ValidationError) -> str:
    """The first complaint of pydantic as half a sentence: `'mu' = -1: input should be greater than or equal to 0`."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    text = first["msg"]
    return f"{where!r} = {first['input']!r}: {text[0].lower()}{text[1:]}"
