"""A model as a function of its tensors, cut into named blocks."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, Literal

from torch import Tensor, nn
from torch.func import functional_call

from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.exchange.layout import Layout, Tensors, TensorSpec
from counterpoint.models.absent import Absent
from counterpoint.models.mode import is_stacked, is_training
from counterpoint.models.protocol import HasParts, SeesPatterns
from counterpoint.models.stacking import draws, stackable_copy, unstackable, with_drawn

BufferRule = Literal["average", "local", "server"]


class Model:
    """A `torch.nn.Module` as a pure function: `model(tensors, batch)`.

    Its blocks are the module's children; a child `ModuleDict` with a member named as a modality is one block a member,
    `encoder.acc` say, which only clients that have the modality own. The module's own tensors serve as `initial` and
    are then given up, so that no call can use a tensor that it was not handed. Parameters with `requires_grad=False`
    are frozen: they neither move nor travel.

    Args:
        module: takes a `Batch` and returns logits [rows, classes]. It must read a modality through its presence mask
            and do without modalities that the batch lacks.
        modalities: names of all modalities of the population.
        buffers: the rule for persistent buffers (running statistics of normalisation, say):
            `average`: they travel and are averaged like parameters, integers by their maximum;
            `local`: each client keeps its own, they never travel (and the server has none that mean anything);
            `server`: they stay as the server has them, and layers that own any run in evaluation mode everywhere.

    Attributes:
        modalities: names of all modalities of the population, sorted.
        initial: the initial value of every tensor.
        layout: names, shapes, types and blocks.
        buffers: the rule.
    """

    def __init__(self, module: nn.Module, modalities: Collection[str], buffers: BufferRule = "average") -> None:
        self.modalities = tuple(sorted(modalities))
        self.buffers = buffers
        state = module.state_dict(keep_vars=False)
        self.initial: Tensors = {name: value.detach().clone() for name, value in state.items()}
        params = dict(module.named_parameters())
        _refuse_ties(module)
        self._modality_blocks = blocks = _modality_blocks(module, modalities)
        self.layout = Layout({name: _spec(name, value, blocks, params) for name, value in self.initial.items()})
        self._constants = {n: b.detach().clone() for n, b in module.named_buffers() if n not in state}
        self._fixed = [m for m in module.modules() if buffers == "server" and _persistent_buffers(m)]
        self.module = with_drawn(module).to("meta").eval()

    @property
    def has_buffers(self) -> bool:
        """Whether there are persistent buffers."""
        return any(spec.buffer for spec in self.layout.specs.values())

    def travels(self, name: str, direction: Literal["up", "down"]) -> bool:
        """Whether a tensor of the model goes up to the server or down to a client: not if frozen, and by the rule."""
        spec = self.layout[name]
        if spec.frozen:
            return False
        if not spec.buffer or self.buffers == "average":
            return True
        return self.buffers == "server" and direction == "down"

    def to(self, device: str) -> "Model":
        """Move the initial tensors to a device; returns the model."""
        self.initial = {name: value.to(device) for name, value in self.initial.items()}
        self._constants = {name: value.to(device) for name, value in self._constants.items()}
        return self

    def __call__(self, tensors: Mapping[str, Tensor], batch: Batch, *, train: bool | None = None) -> Tensor:
        """Logits [rows, classes].

        Args:
            tensors: at least those of the blocks that the batch's modalities need. Buffers are updated in place when
                the model trains.
            batch: what to look at.
            train: training mode or not; as the engine says where None. A frozen teacher inside a loss says False.
        """
        module = self._ready(train)
        logits: Tensor = functional_call(module, (self._handed(tensors), self._constants), (batch,))
        return logits

    def by_pattern(
        self, tensors: Mapping[str, Tensor], batch: Batch, patterns: Mapping[str, Collection[str]]
    ) -> dict[str, Tensor]:
        """Logits with only the modalities of each pattern shown, by pattern; in evaluation mode.

        Patterns of which the batch lacks a modality are left out. Modules with a method `by_pattern` (late fusion)
        encode each modality once for all patterns.
        """
        shown = {name: chosen for name, chosen in patterns.items() if set(chosen) <= set(batch.x)}
        if isinstance(self.module, SeesPatterns):
            inside = (_under("module", self._handed(tensors)), _under("module", self._constants))
            answers: dict[str, Tensor] = functional_call(_PatternCall(self._ready(False)), inside, (batch, shown))
            return answers
        return {name: self(tensors, batch.only(chosen), train=False) for name, chosen in shown.items()}

    def parts(
        self, tensors: Mapping[str, Tensor], batch: Batch, *, train: bool | None = None, **which: Any
    ) -> dict[str, Any]:
        """What the module's own method `parts` makes of a batch: all that a method's loss looks at.

        Args:
            tensors: as in a call.
            batch: what to look at.
            train: as in a call.
            which: of the parts, as the module takes it.
        """
        inside = (_under("module", self._handed(tensors)), _under("module", self._constants))
        found: dict[str, Any] = functional_call(_PartsCall(self._ready(train)), inside, (batch,), which)
        return found

    def _handed(self, tensors: Mapping[str, Tensor]) -> Tensors:
        """The tensors, and in place of those that are not given what cannot be used."""
        return {**{name: Absent.named(name) for name in self.layout.specs if name not in tensors}, **tensors}

    @cached_property
    def unstackable(self) -> list[str]:
        """Layers that cannot be called for many clients at once."""
        return unstackable(self.module)

    def unstackable_for(self, modalities: Collection[str]) -> list[str]:
        """Those of `unstackable` that a client with these modalities has."""
        others = {f"{block}." for block, modality in self._modality_blocks.items() if modality not in modalities}
        return [layer for layer in self.unstackable if not any(f"{layer}.".startswith(block) for block in others)]

    @cached_property
    def draws(self) -> bool:
        """Whether random numbers are drawn in training steps: by a layer, or by what an objective does beside."""
        return draws(self.module)

    @cached_property
    def for_stacks(self) -> nn.Module:
        """The module in a form that can be called for many clients at once; made outside of any `torch.vmap`."""
        return stackable_copy(self.module)

    def _ready(self, train: bool | None) -> nn.Module:
        """The module to call, in the right mode."""
        module = self.for_stacks if is_stacked() else self.module
        mode = is_training() if train is None else train
        if module.training != mode:
            module.train(mode)
            for layer in self._fixed:
                layer.eval()
        return module


class _PatternCall(nn.Module):
    """Lets `functional_call` reach a module's `by_pattern`."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, batch: Batch, patterns: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        assert isinstance(self.module, SeesPatterns)
        return self.module.by_pattern(batch, patterns)


class _PartsCall(nn.Module):
    """Lets `functional_call` reach a module's `parts`."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, batch: Batch, **which: Any) -> dict[str, Any]:
        assert isinstance(self.module, HasParts)
        return self.module.parts(batch, **which)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def _persistent_buffers(module: nn.Module) -> bool:
    return any(name in module.state_dict() for name, _ in module.named_buffers(recurse=False))


def _refuse_ties(module: nn.Module) -> None:
    """A shared parameter would belong to several blocks, and each would move on its own."""
    first: dict[int, str] = {}
    for name, value in module.named_parameters(remove_duplicate=False):
        if (other := first.setdefault(id(value), name)) != name:
            raise UserError(f"the model holds {other!r} as {name!r} too: name it once, or give each its own")


def _modality_blocks(module: nn.Module, modalities: Collection[str]) -> dict[str, str]:
    """By name of the block, the modality a client must own to own it."""
    dicts = {name: child for name, child in module.named_children() if isinstance(child, nn.ModuleDict)}
    return {f"{name}.{member}": member for name, child in dicts.items() for member in child if member in modalities}


def _spec(name: str, value: Tensor, blocks: Mapping[str, str], params: Mapping[str, Tensor]) -> TensorSpec:
    first, _, rest = name.partition(".")
    block = f"{first}.{rest.partition('.')[0]}"
    modality = blocks.get(block)
    owner = block if modality else first
    frozen = name in params and not params[name].requires_grad
    return TensorSpec(tuple(value.shape), value.dtype, owner, modality, buffer=name not in params, frozen=frozen)
