"""How many local iterations each modality of a device gets: by how fast it trains, and by what the device can spend.

The paper behind DMML-KD (Yin, Chen, Tao, IEEE TMC 2024) says in its abstract that a metric of parameter variation
measures how fast a modality trains, that fast ones get fewer local iterations, and that their numbers are optimised
under the energy that a device has left. More of it was not at hand: every formula here is ours, not the paper's.

All functions are of one device and can be called for many at once, under `torch.vmap`.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

SLOWEST, FASTEST = 1e-150, 1e150
"""Bounds of speeds where they are divided by."""


def speeds(before: Mapping[str, Tensor], after: Mapping[str, Tensor], steps: Tensor | int) -> Tensor:
    """How fast a modality trained: its relative variation an iteration, float64 scalar.

        v = ||after - before||_2 / (steps ||before||_2),

    the norms over all its tensors together. Without the division by the norm large networks would look faster, without
    that by steps those that trained longer. 0 where there was no step, or nothing but zeros before. That it has the
    form of a speed, and that a larger variation is a faster one, is ours.

    Args:
        before: the modality's tensors at the start of local training, by name.
        after: the same at its end, before they are mixed with those of others.
        steps: iterations that it took.
    """
    moved = _norm({name: after[name] - value for name, value in before.items()})
    scale = _norm(before) * steps
    return torch.where(scale == 0, 0.0, moved / torch.where(scale == 0, 1.0, scale))


def smoothed(
    old: Tensor, new: Tensor, factor: float = 0.9, *, seen: Tensor | bool, measured: Tensor | bool = True
) -> Tensor:
    """The running mean of speeds: factor old + (1 - factor) new.

    Args:
        old: what it was.
        new: what was measured.
        factor: of what was.
        seen: whether `old` is of a measurement at all; where not, `new` takes its place.
        measured: whether `new` is one; where not (no iteration was made), `old` stays.
    """
    seen, measured = torch.as_tensor(seen, device=new.device), torch.as_tensor(measured, device=new.device)
    return torch.where(measured, torch.where(seen, factor * old + (1 - factor) * new, new), old)


def balance(speed: Tensor, present: Tensor) -> Tensor:
    """b_m = v_m over the mean v of the modalities that are there, [modalities]: above 1 is fast; their mean is 1.

    All are 1 where none moved. Of modalities that are not there it is 0.
    """
    v = torch.where(present, speed, 0.0)
    mean = v.sum(-1, keepdim=True) / present.sum(-1, keepdim=True).clamp(min=1)
    b = torch.where(mean == 0, 1.0, v / torch.where(mean == 0, 1.0, mean))
    return torch.where(present, b, 0.0)


def imbalance(speed: Tensor, present: Tensor) -> Tensor:
    """max b / min b - 1 over the modalities that are there, see `balance`; a scalar.

    0 where all are equally fast or there is one alone; infinite where one moved and another did not.
    """
    b = balance(speed, present)
    most, least = b.amax(-1), torch.where(present, b, torch.inf).amin(-1)
    return torch.where(most == 0, 0.0, most / least - 1)


def energy(
    iterations: Tensor,
    joules: Tensor,
    *,
    head: Tensor | float = 0.0,
    fixed: Tensor | float = 0.0,
    forward_share: Tensor | float = 0.0,
) -> Tensor:
    """Joules of a round's computation, float64 scalar.

        sum_m e_m ((1 - phi) K_m + phi K_hi) + e_head K_hi + fixed,    K_hi = max_m K_m,

    because a modality that rests is still looked at while others train.

    Args:
        iterations: K, [modalities], 0 of those that are not there.
        joules: e, of an iteration, [modalities], 0 of those that are not there.
        head: e_head, of an iteration of what all modalities share.
        fixed: joules of what does not depend on iterations.
        forward_share: phi, from 0 to 1: how much of an iteration's energy a modality that rests takes.
    """
    k = iterations.to(torch.float64)
    longest = k.amax(-1)
    total = longest * head + fixed
    for e, own in zip(joules.unbind(-1), k.unbind(-1), strict=True):  # in this order, for one device as for many
        total = total + e * ((1 - forward_share) * own + forward_share * longest)
    return total


def allocate(
    speed: Tensor,
    joules: Tensor,
    *,
    present: Tensor,
    share: Tensor | float,
    sending: Tensor | float = 0.0,
    head: Tensor | float = 0.0,
    fixed: Tensor | float = 0.0,
    forward_share: Tensor | float = 1 / 3,
    k_min: int = 1,
    k_max: int = 20,
    balance: bool = True,
    speed_sign: Literal[1, -1] = 1,
) -> Tensor:
    """Local iterations of each modality in a round, int64 [modalities].

    The largest common progress that can be paid for: the largest g with

        K_m(g) = clip(floor(g / v_m), k_min, k_max),    g <= k_max min_m v_m,    energy(K(g)) + sending <= share.

    K_m v_m, by how much a modality is expected to vary, is then the same for all up to rounding: a modality twice as
    fast gets half the iterations. Where energy is ample, the slowest gets k_max. Where not even k_min of each can be
    paid for, all get 0 and the device is silent.

    K(g) changes at multiples of v_m alone, at most modalities * k_max of them; all are looked at. No K_m and no energy
    falls as g rises, so what is largest over those that can be paid for is the answer. In the floor 1e-9 is added, so
    that a multiple of v_m counts as one; the energy is compared as it is.

    This problem and its solution are ours, not the paper's.

    Args:
        speed: v, [modalities], see `speeds`; only ratios matter. A modality that did not move at all counts as far
            slower than any that did, one whose speed is not a number as far faster.
        joules: e, of an iteration, [modalities].
        present: bool [modalities]; the others get 0 and have no influence.
        share: joules that may be spent in this round; infinite where there is no battery.
        sending: joules that sending takes.
        head: see `energy`.
        fixed: see `energy`.
        forward_share: see `energy`.
        k_min: fewest iterations of a device that is not silent.
        k_max: most iterations.
        balance: where false, all get the same number: the largest that can be paid for.
        speed_sign: -1 for the opposite reading of the metric, in which what varies little is fast: 1 / v in place of v.

    Raises:
        ValueError: not 1 <= k_min <= k_max.
    """
    if not 1 <= k_min <= k_max:
        raise ValueError(f"there must be 1 <= k_min <= k_max, not {k_min} and {k_max}")
    v = speed.to(torch.float64).nan_to_num(nan=FASTEST, posinf=FASTEST).clamp(SLOWEST, FASTEST)
    v = torch.where(present, v**speed_sign if balance else torch.ones_like(v), FASTEST)
    e = torch.where(present, joules.to(torch.float64), 0.0)
    progress = torch.arange(1, k_max + 1, dtype=torch.float64, device=v.device)[:, None] * v
    held = torch.where(progress <= k_max * v.amin(-1), progress, 0.0).flatten()  # g = 0 stands for k_min of each
    k = torch.floor(held[:, None] / v + 1e-9).clamp(k_min, k_max)
    k = torch.where(present, k, 0.0)
    spent = energy(k, e, head=head, fixed=fixed, forward_share=forward_share)
    paid = spent + sending <= share
    return torch.where(paid[:, None], k, 0.0).amax(0).long()


def _norm(tensors: Mapping[str, Tensor]) -> Tensor:
    """The Euclidean norm of all together, float64 scalar."""
    parts = [torch.linalg.vector_norm(value, dtype=torch.float64) for value in tensors.values()]
    whole: Tensor = torch.linalg.vector_norm(torch.stack(parts))
    return whole
