"""What computing costs a device, and what its battery holds."""

from collections.abc import Mapping

import torch
from torch import Tensor

from counterpoint.errors import UserError
from counterpoint.randomness import generator
from counterpoint.simulate.settings import DeviceSettings

BACKWARD = 3
"""A training step takes as many operations as so many forward passes."""


def frequencies(peers: int, settings: DeviceSettings, seed: int) -> Tensor:
    """Hz of each device's processor, uniform between the bounds, float64 [peers]."""
    low, high = settings.frequency_low, settings.frequency_high
    if high < low:
        raise UserError(f"simulate.frequency_high={high:g} is below simulate.frequency_low={low:g}")
    drawn = torch.rand(peers, generator=generator(seed, "frequency"), dtype=torch.float64)
    return low + (high - low) * drawn


def step_seconds(flops: int, batch: int, hertz: Tensor, settings: DeviceSettings) -> Tensor:
    """Seconds of a training step, float64 [peers].

    Args:
        flops: operations of a forward pass of one row.
        batch: rows of a step.
        hertz: of each device.
        settings: of devices.
    """
    return BACKWARD * flops * batch / settings.flops_per_cycle / hertz


def step_joules(flops: int, batch: int, hertz: Tensor, settings: DeviceSettings) -> Tensor:
    """Joules of a training step, kappa f^2 a cycle, float64 [peers]; arguments as of `step_seconds`."""
    return settings.kappa * hertz**3 * step_seconds(flops, batch, hertz, settings)


def training_cost(cost: Mapping[str, Tensor], steps: Mapping[str, Tensor], forward_share: float) -> Tensor:
    """sum_b e_b (K_b + phi (K_hi - K_b)), K_hi = max_b K_b: a block that waits still looks; float64 [peers].

    Args:
        cost: of a step of each block, [peers].
        steps: that each block takes, int64 [peers].
        forward_share: phi.
    """
    longest = torch.stack([count.double() for count in steps.values()]).amax(0)
    each = [cost[b] * ((1 - forward_share) * k.double() + forward_share * longest) for b, k in steps.items()]
    return torch.stack(each).sum(0)


def shares(battery: str) -> tuple[float, float] | None:
    """The bounds that a setting of batteries names; None for `none`.

    Raises:
        UserError: it names none.
    """
    if battery == "none":
        return None
    low, dots, high = battery.partition("..")
    try:
        found = float(low), float(high)
    except ValueError:
        found = (1.0, 0.0)
    if not dots or not 0 <= found[0] <= found[1] < float("inf"):
        raise UserError(f"simulate.battery={battery!r} is neither none nor LOW..HIGH with 0 <= LOW <= HIGH: say 0.4..1")
    return found


def batteries(settings: DeviceSettings, rounds: int, training: Tensor, sending: Tensor, seed: int) -> Tensor:
    """Joules in each battery at the start, float64 [peers]; infinite without batteries.

    u_k * rounds * (reference_steps e_k + E_k), u_k uniform between the shares.

    Args:
        settings: of devices.
        rounds: of the run.
        training: e, joules of one step of all encoders, [peers].
        sending: E, joules of sending all encoders once, [peers].
        seed: of the run.
    """
    bounds = shares(settings.battery)
    if bounds is None:
        return torch.full_like(training, torch.inf)
    drawn = torch.rand(len(training), generator=generator(seed, "battery"), dtype=torch.float64)
    share = bounds[0] + (bounds[1] - bounds[0]) * drawn
    return share * rounds * (settings.reference_steps * training + sending)
