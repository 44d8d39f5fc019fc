"""Randomness inside layers: dropout draws from the engine; what draws from global generators finds them set."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from counterpoint.models.draws import LayerDraws, drawing


@contextmanager
def layer_randomness(seeds: Sequence[int], device: str) -> Iterator[LayerDraws]:
    """Layers inside draw from seeds of clients; outside nothing changes.

    Dropout layers draw from what is given, which the engine tells of every step. Functions that a model calls itself
    (`torch.nn.functional.dropout`) draw from global generators, which begin at the first client's seed.

    Args:
        seeds: of each client that trains here.
        device: where models are.
    """
    cuda = torch.device(device).type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []), drawing(LayerDraws(seeds, device)) as draws:
        torch.default_generator.manual_seed(seeds[0])
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seeds[0])
        yield draws
