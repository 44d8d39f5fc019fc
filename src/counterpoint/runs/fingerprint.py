"""A fingerprint of a population, to notice when data changed under a run."""

from torch import Tensor

from counterpoint.data.population import Population
from counterpoint.data.samples import Samples
from counterpoint.storage import digest


def fingerprint(population: Population) -> str:
    """A digest of every value that anyone can see: masked values do not count. What is not there leaves no trace."""
    parts: dict[str, Tensor] = {}
    splits: list[tuple[str, Samples | None]] = [
        ("test", population.test),
        ("proxy", population.proxy),
        ("server", population.server),
    ]
    for client in population.clients:
        splits += [(f"{client.id} train", client.train), (f"{client.id} test", client.test)]
        splits.append((f"{client.id} unlabelled", client.unlabelled))
    for where, samples in splits:
        if samples is None:
            continue
        parts[f"{where} label"] = samples.label
        for m in samples.modalities:
            there = samples.present[m]
            parts[f"{where} {m} present"] = there
            parts[f"{where} {m}"] = samples.x[m] if bool(there.all()) else samples.x[m][there]
    return digest(parts)
