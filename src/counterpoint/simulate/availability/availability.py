"""Who is there in a round, as a run's settings say it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from counterpoint.errors import UserError, unknown
from counterpoint.randomness import fold_key
from counterpoint.simulate.availability.rule import Always, Bernoulli, Markov, Rule
from counterpoint.simulate.availability.trace import Trace

RULES: dict[str, type[Rule]] = {rule.name: rule for rule in (Always, Bernoulli, Markov, Trace)}


@dataclass(frozen=True)
class Availability:
    """Rules for clients and for their modalities.

    Attributes:
        clients: of clients themselves; each must be on.
        modalities: by modality.
    """

    clients: tuple[Rule, ...] = ()
    modalities: Mapping[str, tuple[Rule, ...]] | None = None

    @property
    def trivial(self) -> bool:
        """Whether everyone is always there with everything."""
        rules = [*self.clients, *(rule for some in (self.modalities or {}).values() for rule in some)]
        return all(isinstance(rule, Always) for rule in rules)

    def check(self, modalities: Sequence[str]) -> None:
        """Refuse rules of modalities that there are not.

        Raises:
            UserError: there is one.
        """
        for name in self.modalities or {}:
            if name not in modalities:
                raise unknown("modality in simulate.available", name, modalities)

    def there(self, owned: Mapping[int, tuple[str, ...]], *, seed: int, round: int) -> dict[int, tuple[str, ...]]:
        """The clients that are there in a round, and the modalities that each has then.

        One whose modalities are all off is away. If everyone is, one client that chance names is there with all that it
        owns: a round needs somebody.

        Args:
            owned: the modalities of each client.
            seed: of the run.
            round: of the run, from 1.
        """
        found = {}
        for client, modalities in owned.items():
            if self._on(self.clients, client, "", seed, round):
                rules = self.modalities or {}
                has = tuple(m for m in modalities if self._on(rules.get(m, ()), client, m, seed, round))
                if has := tuple(m for m in has if self._on(self._traces, client, m, seed, round)):
                    found[client] = has
        if not found:
            somebody = min(owned, key=lambda client: fold_key(seed, "somebody", client, round))
            return {somebody: owned[somebody]}
        return found

    @property
    def _traces(self) -> tuple[Rule, ...]:
        """Rules of clients that may speak of single modalities too."""
        return tuple(rule for rule in self.clients if isinstance(rule, Trace))

    def _on(self, rules: Sequence[Rule], client: int, what: str, seed: int, round: int) -> bool:
        return all(rule.on(client, what, seed=seed, round=round) for rule in rules)


def parse_availability(text: str) -> Availability:
    """Who is there, out of a text.

    | text | who is there |
    | --- | --- |
    | `always` | everyone |
    | `bernoulli:P` | each client with probability P in each round |
    | `markov:STAY,RETURN` | one that is there stays with probability STAY, one that is away comes back with RETURN |
    | `trace:FILE` | everyone, but for the absences in a CSV file |
    | `gyro=RULE` | the same for one modality of every client: a sensor that is off |
    | `RULE;RULE` | several of them together |

    Raises:
        UserError: it is none of these.
    """
    clients: list[Rule] = []
    modalities: dict[str, tuple[Rule, ...]] = {}
    for part in text.split(";"):
        before, equals, after = part.strip().partition("=")
        said = after if equals else before
        name, _, numbers = said.strip().partition(":")
        if name not in RULES:
            raise unknown("availability", name, RULES)
        rule = RULES[name].read(numbers.strip())
        if not equals:
            clients.append(rule)
        elif isinstance(rule, Trace):
            raise UserError(f"simulate.available={text!r}: a trace names modalities itself, in a column: write {said}")
        elif not (modality := before.strip()):
            raise UserError(f"simulate.available={text!r}: before = goes the name of a modality")
        else:
            modalities[modality] = (*modalities.get(modality, ()), rule)
    return Availability(tuple(clients), modalities)
