"""Choosing how many clients take their steps together."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch

from counterpoint.data.modality import Modality
from counterpoint.engines.bulk import Structure
from counterpoint.engines.measure import Measured
from counterpoint.engines.widths import UNMEASURED, Widths, bucket, kind_of_work
from counterpoint.methods.method import Method
from counterpoint.methods.settings import TrainSettings
from counterpoint.models.model import Model

LOG = logging.getLogger("counterpoint")
BYTES_AT_ONCE = 2**28
"""About how many bytes one stack may take."""
COPIES = 6
"""Parameters, start, gradients, optimiser state, result: how often a stack holds what a client has, at most."""


class Choice:
    """The number of clients a stack for each kind of work of a run; one is the loop.

    It is measured on the first training that is met, and stands for all programs of the method.

    Args:
        stack: clients a stack, where it is not to be measured.
        method: of the run.
        model: of the run.
        settings: of local training.
        modalities: by name.
        device: where it is computed.
    """

    def __init__(
        self,
        stack: int | None,
        method: Method,
        model: Model,
        settings: TrainSettings,
        modalities: Mapping[str, Modality],
        device: str,
    ) -> None:
        self._widths = Widths(stack)
        self._method = method
        self._model = model
        self._settings = settings
        self._modalities = modalities
        self._device = device
        self._alone: set[str] = set()
        self._said: set[str] = set()
        self._kinds: dict[tuple[Structure, int, str], str] = {}

    @property
    def settled(self) -> dict[str, int]:
        """Clients a stack by kind of work."""
        return self._widths.settled

    def seconds(self, kind: str) -> Mapping[int, float]:
        """What was measured of a kind of work: seconds a client and step by clients a stack."""
        return self._widths.seconds.get(kind, {})

    def cannot(self, kind: str, why: str) -> None:
        """Clients of some kind of work cannot be computed together: from now on the loop takes them."""
        self._alone.add(kind)
        if why not in self._said:
            self._said.add(why)
            LOG.info("clients run one at a time: %s", why)

    def of(self, program: str, structure: Structure, many: int, trial: Callable[[int], str]) -> tuple[str, int]:
        """The kind of work, and how many clients take their steps together, measured if need be.

        A program that does not train has nothing to measure; it is a kind of its own if it is met before one that does.

        Args:
            program: name of the local program.
            structure: of the clients.
            many: clients there are.
            trial: carries out the program for the first so many of them; raises `Measured` at its first training, or
                returns why they cannot be computed together.
        """
        clients = bucket(many)
        training, own = self._kind(structure, clients), self._kind(structure, clients, program)
        if layers := self._model.unstackable_for(structure):
            self.cannot(training, f"{', '.join(layers)} cannot be stacked")
        if training in self._alone or clients == 1:
            return training, 1
        for kind in (own, training):
            if (width := self._widths.of(kind)) is not None:
                return kind, width
        try:
            if why := trial(clients):
                self.cannot(training, why)
                return training, 1
        except Measured as found:
            most = max(1, BYTES_AT_ONCE // (self._bytes(structure) + found.kept))
            return training, self._widths.settle(training, found.seconds, most)
        return own, self._widths.settle(own, {}, UNMEASURED)

    def _kind(self, structure: Structure, clients: int, program: str = "") -> str:
        """A name for work that costs the same."""
        known = (structure, clients, program)
        if known not in self._kinds:
            self._kinds[known] = self._named(structure, clients, program)
        return self._kinds[known]

    def _named(self, structure: Structure, clients: int, program: str) -> str:
        settings, layout = self._settings, self._model.layout
        term = self._method.term
        options: dict[str, Any] = self._method.options | ({"term": term.name, **term.options} if term else {})
        return kind_of_work(
            method=self._method.name,
            options={name: value for name, value in options.items() if not isinstance(value, float)},
            program=program,
            modalities=structure,
            clients=clients,
            model=str(self._model.module),
            tensors=[(n, s.shape, str(s.dtype), s.frozen) for n, s in layout.specs.items()],
            samples={m: self._modalities[m].shape for m in structure},
            settings=(settings.batch_size, settings.optimizer, bool(settings.momentum)),
            device=self._device,
        )

    def _bytes(self, structure: Structure) -> int:
        """Bytes of parameters and a batch of one client, in all copies."""
        layout = self._model.layout
        own = sum(self._model.initial[n].numel() * layout[n].dtype.itemsize for n in layout.owned(structure))
        row = sum(torch.Size(self._modalities[m].shape).numel() for m in structure) * 4
        return COPIES * own + self._settings.batch_size * row
