"""Settings of a line between real peers."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PeerAddress(_Settings):
    """Where a peer of the network is found, and how it is known.

    Attributes:
        endpoint: for example `tls/10.0.0.3:7447`; None where it is discovered.
        name: common name of its certificate.
    """

    endpoint: str | None = None
    name: str


class Files(_Settings):
    """Paths of a peer's certificate and key, and of the authority's certificate."""

    authority: str
    certificate: str
    key: str


class LineSettings(_Settings):
    """What a peer needs to talk.

    Attributes:
        id: its number.
        run: a name, part of all keys; the same for all peers.
        peers: all peers of the network, this one included, by number.
        listen: endpoints that it listens at.
        discovery: find others by multicast.
        deadline: seconds that a round waits for neighbours.
        patience: seconds that the first exchange waits for neighbours that have not come yet.
        tls: its certificate.
        insecure: talk without certificates.
        max_bytes: of a package.
    """

    id: Annotated[int, Field(ge=0)]
    run: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    peers: dict[int, PeerAddress]
    listen: list[str] = []
    discovery: bool = False
    deadline: Annotated[float, Field(gt=0)] = 60.0
    patience: Annotated[float, Field(gt=0)] = 10.0
    tls: Files | None = None
    insecure: bool = False
    max_bytes: Annotated[int, Field(gt=0)] = 2**30

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tls is None and not self.insecure:
            raise ValueError("it has no tls = {authority, certificate, key}: give one, or say --insecure")
        if self.tls is not None and self.insecure:
            raise ValueError("it has a certificate and is insecure: leave out one of them")
        if self.id not in self.peers:
            raise ValueError(f"peer {self.id} is not among its peers")
        wanted = "tls/" if self.tls else "tcp/"
        for endpoint in [*self.listen, *(p.endpoint for p in self.peers.values() if p.endpoint)]:
            if not endpoint.startswith(wanted):
                raise ValueError(f"the endpoint {endpoint!r} must begin with {wanted!r}")
        if self.discovery and not self.listen:
            raise ValueError(
                f"discovery finds those who listen: say where, for example listen = ['{wanted}10.0.0.3:0']"
            )
        if not self.discovery and not self.listen and all(p.endpoint is None for p in self.peers.values()):
            raise ValueError("it neither listens, nor has endpoints of others, nor discovery = true")
        return self
