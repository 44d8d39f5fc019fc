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


class SGD(Optimizer):
    """g <- g + wd w; u <- momentum u + g (u = g without momentum); w <- w - lr u."""

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
        steps = float(state["steps"])
        root = state["square"].sqrt().div_((1 - self.beta2**steps) ** 0.5).add_(self.epsilon)
        value.addcdiv_(state["mean"], root, value=-s.lr / (1 - self.beta1**steps))


def make_optimizer(settings: TrainSettings) -> Optimizer:
    """The optimiser that the settings name."""
    return SGD(settings) if settings.optimizer == "sgd" else Adam(settings)
