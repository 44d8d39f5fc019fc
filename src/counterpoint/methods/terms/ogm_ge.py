"""OGM-GE: the gradient of an encoder that is ahead is damped, and noise of its own strength is added."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.autograd import Function

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.search import Search
from counterpoint.methods.terms.term import Term
from counterpoint.models.stacking.drawn import uniform
from counterpoint.models.stacking.functions import apply, first
from counterpoint.objectives import cross_entropy

SMALLEST = 1e-12
"""Of a score that stands below a fraction."""
EDGE = 2**-24
"""How near to 0 and 1 a uniform number may come that is made a normal one."""


class OGMGE(Term):
    """On-the-fly gradient modulation with generalisation enhancement (Peng et al., CVPR 2022).

    On each batch, with p_m the true class's probability where modality m alone is shown, over rows that have all
    modalities of the client:

        s_m = sum_i p_m(x_i)[y_i],  rho_m = s_m / mean of s over the other modalities,
        k_m = 1 - tanh(alpha rho_m) if rho_m > 1, else 1;
        gradient of encoder m <- k_m gradient + e,  e normal with mean 0 and the standard deviation of the gradient.

    Values of the objective are those of cross-entropy: only gradients change. With `noise=false` it is OGM alone.

    Deviations: a modality's own scores come from the network itself with all other modalities hidden, in evaluation
    mode, where the paper splits the linear classifier of concatenated embeddings: so any fusion will do. Of more than
    two modalities, a modality is compared with the mean of the others (the paper has two). Noise has the standard
    deviation of each damped tensor of encoders, as in the authors' code, which gives it to convolutions alone; ours to
    all. It acts in every round, where their code has a first and a last epoch.
    """

    name = "ogm-ge"
    draws: ClassVar[bool] = True

    alpha: Annotated[float, Field(ge=0, description="how fast being ahead damps"), Search(0.05, 1.0, log=True)] = 0.3
    noise: Annotated[bool, Field(description="whether noise is added to gradients of encoders")] = True

    def rows(self, params: Tensors, batch: Batch, prepared: Mapping[str, Any]) -> Tensor:
        """Cross-entropy, one value a row, with the gradients of encoders modulated."""
        coefficients = self.coefficients(params, batch)
        modulated = dict(params)
        for name, value in params.items():
            spec = self.model.layout[name]
            if spec.modality in coefficients and not spec.buffer and not spec.frozen:
                noise = _normal(value, f"noise {name}") if self.noise else torch.zeros_like(value)
                modulated[name] = apply(_Modulated, value, coefficients[spec.modality], noise, 0)
        return cross_entropy(self.model(modulated, batch), batch.label)

    def coefficients(self, params: Tensors, batch: Batch) -> dict[str, Tensor]:
        """k by modality, of a client that has several."""
        names = sorted(batch.x)
        if len(names) < 2:
            return {}
        frozen = {name: value.detach() for name, value in params.items()}
        complete = torch.stack([batch.present[m] for m in names]).all(0) & batch.mask
        alone = self.model.by_pattern(frozen, batch, {m: [m] for m in names})
        scores = {m: _score(alone[m], batch.label, complete) for m in names}
        total = torch.stack([scores[m] for m in names]).sum(0)
        found = {}
        for m in names:
            others = ((total - scores[m]) / (len(names) - 1)).clamp(min=SMALLEST)
            rho = scores[m] / others
            found[m] = torch.where(rho > 1, 1 - torch.tanh(self.alpha * rho), 1.0)
        return found


def _score(logits: Tensor, label: Tensor, counts: Tensor) -> Tensor:
    """Sum of the true class's probabilities over the rows that count."""
    right = logits.softmax(1).gather(1, label[:, None]).squeeze(1)
    return torch.where(counts, right, 0.0).sum()


def _normal(like: Tensor, name: str) -> Tensor:
    """Standard normal numbers of a tensor's shape."""
    drawn = uniform(like, name, like.shape).clamp(EDGE, 1 - EDGE)
    normal: Tensor = torch.special.ndtri(drawn)
    return normal


class _Modulated(Function):
    """A tensor as it is, whose gradient g becomes k g + std(g) * noise."""

    generate_vmap_rule = False

    @staticmethod
    def forward(value: Tensor, factor: Tensor, noise: Tensor, clients: int) -> Tensor:
        """The value. `clients` is 1 where each of the tensors has clients first, else 0."""
        return value.view_as(value)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, factor, noise, clients = inputs
        ctx.clients = clients
        ctx.save_for_backward(factor, noise)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """k g + std(g) * noise; a single number has no spread, and gets no noise."""
        factor, noise = ctx.saved_tensors
        each = tuple(range(ctx.clients, grad.dim()))
        lifted = factor.reshape(*factor.shape, *[1] * len(each))
        damped = lifted * grad
        if not each or grad[0 : ctx.clients or None].numel() < 2:
            return damped, None, None, None
        return damped + _spread(damped, each) * noise, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: Any, value: Tensor, factor: Tensor, noise: Tensor, clients: int) -> tuple[Tensor, int]:
        """For all clients at once."""
        many = info.batch_size
        parts = (first(one, dim, many) for one, dim in zip((value, factor, noise), in_dims[:3], strict=True))
        modulated: Tensor = apply(_Modulated, *parts, 1)
        return modulated, 0


def _spread(values: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Standard deviation over these dimensions, which stay as ones."""
    return values.std(dims, correction=0, keepdim=True)
