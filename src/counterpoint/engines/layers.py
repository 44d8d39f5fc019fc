"""Randomness inside layers (dropout): PyTorch draws it from global generators, so these are set and put back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def layer_randomness(seed: int, device: str) -> Iterator[None]:
    """Layers that draw do so from generators that begin at this seed; outside nothing changes."""
    cuda = torch.device(device).type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
