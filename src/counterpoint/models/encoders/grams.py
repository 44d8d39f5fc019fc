"""Pieces of a text and their numbers: n-grams of bytes, and words, hashed without a table.

All numbers stay below 2**62 in int64, so that no product overflows and every machine finds the same.
"""

import torch
from torch import Tensor

BITS = 31
MASK = 2**BITS - 1
BASE, FIRST, SECOND = 0x2C1B3C6D, 0x297A2D39, 0x5BD1E995
"""Odd: a product with an odd number loses nothing modulo a power of two."""
SPACE = 32


def pieces(x: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """Numbers of all pieces of each text, int64 [rows, pieces], and which of them there are, bool [rows, pieces].

    A text in which A to Z are made small, with a space before and after it, has as pieces all its sequences of 1, 2,
    ..., `longest` bytes, and its words: what lies between bytes that are neither a letter nor a digit nor part of a
    longer character.

      number of b_1 ... b_n = spread(n + sum_i b_i BASE^(n - i + 1)),
      number of a word      = spread(sum_i spread(b_i + 256 i)), all modulo 2**31.

    Args:
        x: bytes as float, [rows, bytes], zeros after the end.
        longest: n of the longest n-grams.
    """
    byte = framed(x)
    found, there = [], []
    rolling = torch.zeros_like(byte)
    for n in range(1, longest + 1):
        rolling = ((rolling[:, : byte.shape[1] - n + 1] + byte[:, n - 1 :]) * BASE) & MASK
        found.append(spread(rolling + n))
        there.append(byte[:, n - 1 :] > 0)
    numbers, ends = words(byte)
    return torch.cat([*found, numbers], 1), torch.cat([*there, ends], 1)


def framed(x: Tensor) -> Tensor:
    """Bytes of each text with a space before and after it, int64 [rows, bytes + 2], A to Z made small, then zeros."""
    byte = x.long()
    byte = torch.where((byte >= ord("A")) & (byte <= ord("Z")), byte + 32, byte)
    space = torch.full_like(byte[:, :1], SPACE)
    ended = torch.cat([space, byte, 0 * space], 1)
    previous = torch.cat([space, space, byte], 1)
    return torch.where((ended == 0) & (previous > 0), SPACE, ended)


def words(byte: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of the words that end at each place, int64 [rows, places], and whether one does.

    Args:
        byte: of framed texts, [rows, places].
    """
    inside = (byte >= 128) | ((byte >= ord("a")) & (byte <= ord("z"))) | ((byte >= ord("0")) & (byte <= ord("9")))
    place = torch.arange(byte.shape[1], device=byte.device)
    before = torch.where(inside, 0, place).cummax(1).values
    summed = torch.where(inside, spread(byte + 256 * (place - before)), 0).cumsum(1)
    ends = inside & ~torch.cat([inside[:, 1:], torch.zeros_like(inside[:, :1])], 1)
    return spread((summed - summed.gather(1, before)) & MASK), ends


def spread(number: Tensor) -> Tensor:
    """A number below 2**31 for every number from 0 to below 2**31, in whose upper bits all of its bits have a say."""
    mixed: Tensor = (number * FIRST) & MASK
    spread_out: Tensor = ((mixed ^ (mixed >> 15)) * SECOND) & MASK
    return spread_out
