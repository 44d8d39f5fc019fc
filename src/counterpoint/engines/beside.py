"""A second batch of a stack, walked beside the first, on its way into an objective."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.engines.gather import Look
from counterpoint.engines.values import Stack
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Loss


def along(loss: Loss) -> Loss:
    """The objective, given its second batch as named tensors, which a stack takes apart by client."""
    return partial(_of_batch, loss)


def _of_batch(loss: Loss, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
    return loss(params, batch, {**using, "beside": Batch(**using["beside"])})


def beside_of(look: Look) -> dict[str, Any]:
    """The fields of a look, as values of each client where they are not common to all."""

    def of(value: Any, dim: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: of(part, dim[name]) for name, part in value.items()}
        return value if dim is None else Stack(value)

    return {name: of(value, look.dims[name]) for name, value in look.fields.items()}
