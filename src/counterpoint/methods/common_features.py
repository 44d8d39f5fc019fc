"""How far devices agree on what the common features of a class are."""

from collections.abc import Mapping

import torch
from torch import Tensor

PREFIX = "common."


def class_sums(
    features: Mapping[str, Tensor], present: Mapping[str, Tensor], label: Tensor, mask: Tensor, classes: int
) -> dict[str, Tensor]:
    """What `class_distance` needs of each row, to be summed up over rows.

    Args:
        features: common features by modality, [rows, width].
        present: by modality, bool [rows].
        label: int64 [rows].
        mask: rows that count, bool [rows].
        classes: how many.

    Returns:
        By `common.MODALITY`, [rows, classes, 1 + width]: in the place of a row's class 1 and its features, else zeros.
    """
    found = {}
    for m, values in features.items():
        counts = (mask & present[m])[:, None]
        one = torch.where(counts, torch.nn.functional.one_hot(label.clamp(min=0), classes), 0).double()
        row = torch.cat([torch.ones_like(values[:, :1]), torch.where(counts, values, 0.0)], 1).double()
        found[f"{PREFIX}{m}"] = one[:, :, None] * row[:, None, :]
    return found


def class_distance(sums: Mapping[int, Mapping[str, Tensor]]) -> dict[str, float]:
    """By modality, the share of the variation of class means that lies between devices, in [0, 1].

    With u_kc the mean of device k's common features of class c, over the devices that have rows of it, u_c their mean
    over devices, and u the mean of u_kc over all:

        sqrt(sum_kc ||u_kc - u_c||^2 / sum_kc ||u_kc - u||^2).

    0: all devices agree on each class. It does not change with the features' scale. Classes that fewer than two devices
    have do not count; a modality without any is left out.

    Args:
        sums: by client, what `class_sums` gave, summed up over rows.
    """
    found = {}
    names = sorted({name for own in sums.values() for name in own if name.startswith(PREFIX)})
    for name in names:
        every = torch.stack([own[name].cpu() for own in sums.values() if name in own])  # [devices, classes, 1 + width]
        there = every[..., 0] > 0
        there &= there.sum(0, keepdim=True) > 1
        if not bool(there.any()):
            continue
        means = every[..., 1:] / every[..., :1].clamp(min=1)
        own = torch.where(there[..., None], means, 0.0)
        of_class = own.sum(0) / there.sum(0).clamp(min=1)[:, None]
        between = (means - of_class)[there].square().sum()
        total = (means[there] - means[there].mean(0)).square().sum()
        found[name.removeprefix(PREFIX)] = float((between / total).sqrt()) if float(total) > 0 else 0.0
    return found
