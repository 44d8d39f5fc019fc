"""The clients' optimisers, as functions on named tensors.

They are written out because a stack of clients takes its steps with the same code, element by element, and because
their state must go into client memory; each equals its namesake in `torch.optim` (a test compares them).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor

from counterpoint.methods.settings import TrainSettings

State = dict[str, dict[str, Tensor]]
"""By tensor name, by kind of state: {"head.weight": {"momentum": ...}}."""


class Optimizer(ABC):
    """One optimiser; it holds no state itself."""

    def __init__(self, settings: TrainSettings) -> None:
        self.settings = settings

    @property
    def plain(self) -> bool:
        """Whether a step is w <- w - lr g, without state."""
        return False

    @abstractmethod
    def start(self, value: Tensor) -> dict[str, Tensor]:
        """The state of a tensor that has not moved yet."""

    @abstractmethod
    def move(self, value: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        """One step of one tensor, in place, its state too."""

    def step(self, tensors: Mapping[str, Tensor], grads: Mapping[str, Tensor], state: State) -> None:
        """One step of every tensor that has a gradient, in place. The others, and their state, stay."""
        with torch.no_grad():
            for name, grad in grads.items():
                self.move(tensors[name], grad, state.setdefault(name, self.start(tensors[name])))

    def step_some(self, values: Tensor, grads: Tensor, state: dict[str, Tensor], who: Tensor | range) -> None:
        """One step of one tensor of some clients of a stack, in place; the others, and their state, stay.

        Args:
            values: [clients, *shape].
            grads: [active, *shape], of the first clients; those that do not move have one too.
            state: of all clients, [clients, ...]; made if empty.
            who: places of those that move; a range means the first so many.
        """
        with torch.no_grad():
            for key, part in ({} if state else self.start(values)).items():
                state[key] = part if part.dim() else part.expand(len(values)).clone()
            if isinstance(who, range):
                count = len(who)
                grads = grads if len(grads) == count else grads[:count]
                if count == len(values):
                    self.move(values, grads, state)
                else:
                    self.move(values[:count], grads, {key: part[:count] for key, part in state.items()})
                return
            some, own = values[who], {key: part[who] for key, part in state.items()}
            self.move(some, grads[who], own)
            values[who] = some
            for key, part in own.items():
                state[key][who] = part


class SGD(Optimizer):
    """g <- g + wd w; u <- momentum u + g (u = g without momentum); w <- w - lr u."""

    @property
    def plain(self) -> bool:
        """Without momentum and weight decay."""
        return not self.settings.momentum and not self.settings.weight_decay

    def start(self, value: Tensor) -> dict[str, Tensor]:
        """u = 0."""
        return {"momentum": torch.zeros_like(value)} if self.settings.momentum else {}

    def move(self, value: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        """One step of one tensor."""
        s = self.settings
        if s.weight_decay:
            grad = grad.add(value, alpha=s.weight_decay)
        if s.momentum:
            grad = state["momentum"].mul_(s.momentum).add_(grad)
        value.add_(grad, alpha=-s.lr)


class Adam(Optimizer):
    """m, v exponential means of g and g^2 (0.9, 0.999); w <- w - lr m^ / (sqrt(v^) + 1e-8), with ^ bias-corrected.

    `adamw` first takes w <- w - lr wd w; `adam` adds wd w to the gradient.
    """

    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def start(self, value: Tensor) -> dict[str, Tensor]:
        """m = v = 0, no steps."""
        count = torch.zeros((), dtype=torch.float64, device=value.device)
        return {"mean": torch.zeros_like(value), "square": torch.zeros_like(value), "steps": count}

    def move(self, value: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        """One step of one tensor."""
        s = self.settings
        if s.optimizer == "adamw":
            value.mul_(1 - s.lr * s.weight_decay)
        elif s.weight_decay:
            grad = grad.add(value, alpha=s.weight_decay)
        state["steps"].add_(1)
        state["mean"].lerp_(grad, 1 - self.beta1)
        state["square"].mul_(self.beta2).addcmul_(grad, grad, value=1 - self.beta2)
        if not state["steps"].dim():
            steps = float(state["steps"])
            root = state["square"].sqrt().div_((1 - self.beta2**steps) ** 0.5).add_(self.epsilon)
            value.addcdiv_(state["mean"], root, value=-s.lr / (1 - self.beta1**steps))
            return
        each = state["steps"].view(-1, *[1] * (value.dim() - 1))
        scale = s.lr / (1 - self.beta1**each)
        root = state["square"].sqrt().div_(((1 - self.beta2**each) ** 0.5).to(value.dtype)).add_(self.epsilon)
        value.sub_(scale.to(value.dtype) * state["mean"] / root)


def make_optimizer(settings: TrainSettings) -> Optimizer:
    """The optimiser that the settings name."""
    return SGD(settings) if settings.optimizer == "sgd" else Adam(settings)
