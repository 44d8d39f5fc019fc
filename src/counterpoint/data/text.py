"""Text as bytes: no vocabulary that clients would have to agree on, and every language has its place."""

from collections.abc import Sequence

import torch
from torch import Tensor


def spell(texts: Sequence[str], length: int) -> Tensor:
    """UTF-8 bytes of each text, uint8 [texts, length], zeros after its end.

    A text that is too long is cut between two characters. Zero bytes inside a text become spaces, and
    lone surrogates, which UTF-8 cannot hold, question marks.

    Args:
        texts: as they are: whoever wants them in lower case makes them so before.
        length: bytes.
    """
    found = torch.zeros(len(texts), length, dtype=torch.uint8)
    for row, text in zip(found.unbind(), texts, strict=True):
        whole = text.replace("\0", " ").encode(errors="replace")[:length].decode(errors="ignore").encode()
        row[: len(whole)] = torch.frombuffer(bytearray(whole), dtype=torch.uint8) if whole else row[:0]
    return found


def unspell(values: Tensor) -> str:
    """The text that `spell` made these values [length] of, however wide they are now."""
    data = bytes(values.to(torch.uint8).tolist())
    return data.partition(b"\0")[0].decode(errors="replace")
