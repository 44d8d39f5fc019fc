"""Who takes part."""

from dataclasses import dataclass, field

HERE = "here"
"""The environment that runs the benchmark."""


@dataclass(frozen=True)
class Contestant:
    """One script with its options.

    Attributes:
        key: how results name it.
        title: how people name it.
        script: a module of `benchmarks.contestants`.
        environment: where it runs: here, or a rival's name.
        options: fields of its job.
        floor: whether it is a bound and no framework.
    """

    key: str
    title: str
    script: str
    environment: str = HERE
    options: dict[str, str | int] = field(default_factory=dict)
    floor: bool = False


STACKED = Contestant("stacked", "Counterpoint, stacked", "ours", options={"engine": "stacked"})
STACKED_2 = Contestant(
    "stacked-2", "Counterpoint, stacked, 2 workers", "ours", options={"engine": "stacked", "workers": 2}
)
SEQUENTIAL = Contestant("sequential", "Counterpoint, sequential", "ours", options={"engine": "sequential"})
LOOP = Contestant("loop", "textbook PyTorch loop", "loop")
PFL = Contestant("pfl", "pfl", "pfl", "pfl")
FLUKE = Contestant("fluke", "fluke", "fluke", "fluke")
FLOWER = Contestant("flower", "Flower simulation (2 cores)", "flower", "flower")
FUSED = Contestant("fused", "floor: one fused batch, shared weights", "fused", floor=True)
WRITTEN = Contestant("written", "floor: batched round written by hand", "written", floor=True)
BARE = Contestant("bare", "data and model alone", "ours", options={"rounds": 0}, floor=True)

RIVALS = (PFL, FLUKE, FLOWER)
EVERYONE = (STACKED, STACKED_2, SEQUENTIAL, LOOP, *RIVALS, FUSED, WRITTEN, BARE)
BY_KEY = {contestant.key: contestant for contestant in EVERYONE}
