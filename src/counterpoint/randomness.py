"""Randomness, only ever from generators keyed by what they are for.

A key is (seed, *what for), for example (0, "client", 3, "round", 7, "batches"). Equal keys give equal streams on every
engine and every machine, and no draw depends on how many draws were made before it elsewhere.
"""

import hashlib

import torch

Key = int | str


def fold_key(seed: int, *key: Key) -> int:
    """The 63-bit number that stands for (seed, *key): the first 8 bytes of BLAKE2b over its unambiguous text."""
    text = "\x1f".join([str(seed), *(f"{type(part).__name__}:{part}" for part in key)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(seed: int, *key: Key) -> torch.Generator:
    """A fresh CPU generator for (seed, *key); on a CPU whatever the device of the run, so that devices agree."""
    return torch.Generator().manual_seed(fold_key(seed, *key))
