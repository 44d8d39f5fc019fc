"""What the rows of a twin are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.randomness import generator


@dataclass(frozen=True)
class Strength:
    """How well a modality tells the class.

    Attributes:
        clear: the share of rows in which it shows the class of the row, from 0 to 1. In the others it shows another
            class. So nobody who has this modality alone can be right more often.
        contrast: how strongly it shows a class beside what is private, from 0 to 1.
    """

    clear: float
    contrast: float


@dataclass(frozen=True)
class Factors:
    """What is behind each row; the truth about a twin.

    Attributes:
        label: int64 [rows], the class.
        shared: float32 [rows], from 0 to 1; louder and brighter at once, and says nothing of the class.
        shown: by modality int64 [rows], the class that it shows.
        private: by modality float32 [rows], from 0 to 1; the owner's own pitch or hue, and a little of the row's.
    """

    label: Tensor
    shared: Tensor
    shown: Mapping[str, Tensor]
    private: Mapping[str, Tensor]


def drawn(
    label: Sequence[int], owner: Sequence[int], strength: Mapping[str, Strength], classes: int, name: str, seed: int
) -> Factors:
    """Draw the factors of a twin's rows.

    Args:
        label: by row.
        owner: by row, a number.
        strength: by modality.
        classes: how many there are.
        name: of the twin, so that no two draw the same.
        seed: of everything that is drawn.
    """
    truth, owns = torch.tensor(label), torch.tensor(owner)
    rows = len(truth)
    shown, private = {}, {}
    for modality, how in strength.items():
        wrong = torch.randperm(rows, generator=generator(seed, name, modality, "wrong"))[round(how.clear * rows) :]
        away = torch.randint(1, classes, (len(wrong),), generator=generator(seed, name, modality, "away"))
        shown[modality] = truth.clone()
        shown[modality][wrong] = (truth[wrong] + away) % classes
        own = torch.rand(int(owns.max()) + 1, generator=generator(seed, name, modality, "owner"))
        jitter = torch.rand(rows, generator=generator(seed, name, modality, "row"))
        private[modality] = 0.85 * own[owns] + 0.15 * jitter
    return Factors(truth, torch.rand(rows, generator=generator(seed, name, "shared")), shown, private)
