"""When something is on: a client, or one of its sensors."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import torch
from torch import Tensor

from counterpoint.errors import UserError
from counterpoint.randomness import generator


class Rule(ABC):
    """A rule of chance or of a file.

    Class attributes:
        name: how it is asked for.
        form: how it is written, with its numbers.
    """

    name: ClassVar[str]
    form: ClassVar[str]

    @classmethod
    @abstractmethod
    def read(cls, text: str) -> Self:
        """The rule that the text after the colon describes.

        Raises:
            UserError: it describes none.
        """

    @abstractmethod
    def on(self, client: int, what: str, *, seed: int, round: int) -> bool:
        """Whether something of a client is on in a round, counted from 1; the same for every party.

        Args:
            client: its id.
            what: a modality, or nothing for the client itself.
            seed: of the run.
            round: of the run.
        """


class Always(Rule):
    """On in every round."""

    name = form = "always"

    @classmethod
    def read(cls, text: str) -> Self:
        """Without numbers."""
        if text:
            raise UserError(f"availability 'always' has no numbers: leave out {text!r}")
        return cls()

    def on(self, client: int, what: str, *, seed: int, round: int) -> bool:
        """Yes."""
        return True


class Bernoulli(Rule):
    """On with probability P in each round, independently.

    Args:
        p: P.
    """

    name = "bernoulli"
    form = "bernoulli:P"

    def __init__(self, p: float) -> None:
        self._p = p

    @classmethod
    def read(cls, text: str) -> Self:
        """P."""
        return cls(*probabilities(cls, text, 1))

    def on(self, client: int, what: str, *, seed: int, round: int) -> bool:
        """By a draw of this round."""
        return float(_draws(client, what, seed, round)[-1]) < self._p


class Markov(Rule):
    """What is on stays on with probability STAY, and what is off comes back with probability RETURN, each round.

    It begins in the stationary distribution, on with probability RETURN / (1 - STAY + RETURN). A state follows from the
    draws of all rounds before, so nothing has to be saved.

    Args:
        stay: STAY.
        back: RETURN.
    """

    name = "markov"
    form = "markov:STAY,RETURN"

    def __init__(self, stay: float, back: float) -> None:
        self._stay, self._back = stay, back

    @classmethod
    def read(cls, text: str) -> Self:
        """STAY, RETURN."""
        stay, back = probabilities(cls, text, 2)
        if stay == 1 and back == 0:
            raise UserError("availability 'markov:1,0' never changes and does not say how it begins: use bernoulli:P")
        return cls(stay, back)

    def on(self, client: int, what: str, *, seed: int, round: int) -> bool:
        """By all draws up to this round."""
        draws = _draws(client, what, seed, round).tolist()
        on = draws[0] < self._back / (1 - self._stay + self._back)
        for draw in draws[1:]:
            on = draw < (self._stay if on else self._back)
        return bool(on)


def _draws(client: int, what: str, seed: int, rounds: int) -> Tensor:
    """A number uniform in [0, 1) for each round up to this one; those of earlier rounds are always the same."""
    return torch.rand(rounds, generator=generator(seed, "available", client, what), dtype=torch.float64)


def probabilities(kind: type[Rule], text: str, count: int) -> list[float]:
    """The probabilities of a rule.

    Raises:
        UserError: they are not so many, or no probabilities.
    """
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != count or not all(0 <= p <= 1 for p in found):
        raise UserError(f"availability '{kind.name}:{text}' is not understood: write {kind.form}, each from 0 to 1")
    return found
