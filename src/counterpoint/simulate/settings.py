"""Settings of simulated devices."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class DeviceSettings:
    """What devices have, what things cost them, and when they are there. The defaults are ours.

    Attributes:
        battery: `none`, or LOW..HIGH: joules drawn uniform between these shares of what a reference run takes: as many
            rounds, in each of which all encoders take `reference_steps` steps and are sent once.
        reference_steps: see battery.
        frequency_low: of a device's processor, in Hz, drawn uniform between this
        frequency_high: and this.
        flops_per_cycle: operations that the processor does in a cycle; small cores with vector units do a few.
        kappa: effective capacitance: a cycle at f Hz takes kappa f^2 joules.
        forward_share: of a training step, what looking alone takes.
        power: of the radio, in watts.
        bandwidth: of a channel, in Hz.
        noise: power of noise, in dBm/Hz.
        fading: whether channels fade, anew each round.
        available: who is there in a round, see `simulate.availability`.
        deadline: seconds after which a round ends without those who are not ready; it waits for all where None.
    """

    battery: Annotated[str, Field(description="none, or LOW..HIGH of what a reference run takes, say 0.4..1")] = "none"
    reference_steps: Annotated[int, Field(ge=1, description="steps of a round of the reference run")] = 20
    frequency_low: Annotated[Finite, Field(gt=0, description="of processors, Hz, at least")] = 0.5e9
    frequency_high: Annotated[Finite, Field(gt=0, description="of processors, Hz, at most")] = 1.5e9
    flops_per_cycle: Annotated[
        float, Field(allow_inf_nan=False, gt=0, description="operations of a processor's cycle")
    ] = 4.0
    kappa: Annotated[Finite, Field(ge=0, description="effective capacitance of processors")] = 1e-28
    forward_share: Annotated[
        float, Field(allow_inf_nan=False, ge=0, le=1, description="of a training step, what looking takes")
    ] = 1 / 3
    power: Annotated[Finite, Field(gt=0, description="of radios, W")] = 0.1
    bandwidth: Annotated[Finite, Field(gt=0, description="of a channel, Hz")] = 1e6
    noise: Annotated[Finite, Field(description="power of noise, dBm/Hz")] = -174.0
    fading: Annotated[bool, Field(description="whether channels fade, anew each round")] = True
    available: Annotated[str, Field(description="who is there in a round, say always or markov:0.9,0.5")] = "always"
    deadline: Annotated[
        Annotated[Finite, Field(gt=0)] | None,
        Field(description="seconds after which a round ends without the late"),
    ] = None
