"""What layers draw (the masks of dropout), the same on every engine: keyed by client, step, layer and call."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from counterpoint.randomness import generator


class LayerDraws:
    """Randomness of the layers of one client, or of many clients whose models are called at once.

    A draw is keyed by (the client's seed, step, layer, how many times the layer drew in this step). Rows come first in
    what is drawn, so that a client's own rows get the same numbers however many rows fill up its batch.

    Args:
        seeds: of each client, in the order of the tensors of the stack.
        device: where numbers go; they are drawn on the CPU, so that devices agree.
    """

    def __init__(self, seeds: Sequence[int], device: torch.device | str = "cpu") -> None:
        self._seeds = list(seeds)
        self._device = device
        self._step = 0
        self._calls: Counter[str] = Counter()
        self._rows: tuple[Tensor, int] | None = None

    def begin(self, step: int) -> None:
        """Begin a step, counted from 0."""
        self._step = step
        self._calls.clear()

    @contextmanager
    def of_rows(self, rows: Tensor, total: int) -> Iterator[None]:
        """Layers called inside see only these rows, int64 [some], of a batch of `total`: they get these rows' draws."""
        before, self._rows = self._rows, (rows, total)
        try:
            yield
        finally:
            self._rows = before

    def of_one(self, layer: str, shape: Sequence[int]) -> Tensor:
        """Numbers uniform in [0, 1) of this shape for a layer of the first client, rows first."""
        if self._rows is None or shape[0] != len(self._rows[0]):
            return self._drawn(layer, shape, 1)[0]
        rows, total = self._rows
        return self._drawn(layer, (total, *shape[1:]), 1)[0][rows]

    def of_many(self, layer: str, shape: Sequence[int], clients: int) -> Tensor:
        """The same for a layer of the first so many clients, [clients, *shape].

        Raises:
            RuntimeError: there are not so many: a loss batches its model itself.
        """
        if clients > len(self._seeds):
            raise RuntimeError(f"{layer} draws for {clients} clients at once, of which {len(self._seeds)} train")
        return self._drawn(layer, shape, clients)

    def _drawn(self, layer: str, shape: Sequence[int], clients: int) -> Tensor:
        call = self._calls[layer]
        self._calls[layer] += 1
        keys = (generator(seed, "step", self._step, layer, call) for seed in self._seeds[:clients])
        return torch.stack([torch.rand(*shape, generator=key) for key in keys]).to(self._device)


_DRAWS: ContextVar[LayerDraws | None] = ContextVar("draws", default=None)


@contextmanager
def drawing(draws: LayerDraws) -> Iterator[LayerDraws]:
    """Layers called inside draw from these."""
    token = _DRAWS.set(draws)
    try:
        yield draws
    finally:
        _DRAWS.reset(token)


def current_draws() -> LayerDraws | None:
    """What layers that are called now draw from; None outside of an engine's training."""
    return _DRAWS.get()
