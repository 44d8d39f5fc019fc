"""Settings of a network without a server."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class NetworkSettings:
    """Who talks to whom where there is no server.

    Attributes:
        topology: see `simulate.topology`.
    """

    topology: Annotated[
        str, Field(description="who talks to whom where there is no server: geometric, ring, complete, none, ...")
    ] = "geometric"
