"""How exactly packages travel."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from counterpoint.exchange.quantise import Precision


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ExchangeSettings:
    """In which precision tensors travel, see `exchange.quantise`.

    Attributes:
        up: of what clients send.
        down: of what the server sends.
    """

    up: Annotated[Precision, Field(description="precision of what clients send")] = "float32"
    down: Annotated[Precision, Field(description="precision of what the server sends")] = "float32"
