"""The model that a run gets when the user brings none."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import nn

from counterpoint.data.modality import Modality, Task
from counterpoint.errors import UserError
from counterpoint.models.encoders import build_encoder
from counterpoint.models.encoders.choice import AUTO, choose_encoders, described
from counterpoint.models.fusion import FUSIONS, FusionKind, LateFusion
from counterpoint.models.model import BufferRule, Model
from counterpoint.randomness import fold_key

ModuleBuilder = Callable[[Mapping[str, Modality], Task], nn.Module]
"""A user's own model: modalities and task -> module that takes a `Batch` and returns logits [rows, classes]."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ModelSettings:
    """Which model is built.

    Attributes:
        encoder: of each modality, see `choose_encoders`.
        fusion: how embeddings become one.
        width: of embeddings.
        dropout: share of the values of embeddings, before and after fusion, that a training step leaves out.
        buffers: the rule for buffers, see `Model`.
    """

    encoder: Annotated[str, Field(description=described())] = AUTO
    fusion: Annotated[FusionKind, Field(description="how embeddings become one")] = "mean"
    width: Annotated[int, Field(ge=1, description="of embeddings")] = 64
    dropout: Annotated[float, Field(ge=0, lt=1, description="of embeddings, before and after fusion")] = 0.0
    buffers: Annotated[BufferRule, Field(description="rule for running statistics and other buffers")] = "average"


Assembly = Callable[[Mapping[str, nn.Module], Task, ModelSettings], nn.Module]
"""What a method makes of encoders: (encoders [rows, *shape] -> [rows, settings.width] by modality, task, settings)."""

Network = Callable[[Mapping[str, Modality], Task, ModelSettings], nn.Module]
"""A network of a method's own, made from nothing: (modalities, task, settings)."""


def late_fusion(modalities: Mapping[str, Modality], task: Task, settings: ModelSettings) -> LateFusion:
    """An encoder a modality, fused late, with a linear classifier on top.

    Raises:
        UserError: as `encoders_of`.
    """
    return fused_late(encoders_of(modalities, settings), task, settings)


def fused_late(encoders: Mapping[str, nn.Module], task: Task, settings: ModelSettings) -> LateFusion:
    """Encoders, fused late, with a linear classifier on top."""
    fusion = FUSIONS[settings.fusion](list(encoders), settings.width)
    head = nn.Linear(settings.width, len(task.classes))
    return LateFusion(encoders, fusion, head, settings.width, settings.dropout)


def encoders_of(modalities: Mapping[str, Modality], settings: ModelSettings) -> dict[str, nn.Module]:
    """An encoder a modality, as the settings say.

    Raises:
        UserError: the settings name an encoder that a modality does not take, or a modality has a name that no module
            can have.
    """
    for name in modalities:
        if hasattr(nn.ModuleDict, name) or not name.isidentifier():
            raise UserError(f"no modality can be called {name!r}, because no module can: choose another name")
    chosen = choose_encoders(settings.encoder, modalities)
    return {name: build_encoder(chosen[name], m, settings.width) for name, m in sorted(modalities.items())}


def build_model(
    modalities: Mapping[str, Modality],
    task: Task,
    settings: ModelSettings,
    seed: int,
    builder: ModuleBuilder | None = None,
    assembly: Assembly | None = None,
    network: Network | None = None,
) -> Model:
    """The model of a run, its initial tensors drawn with the key (seed, "model"): the same for every party.

    Args:
        modalities: of the population.
        task: of the population.
        settings: which model, unless a builder is given; and the rule for buffers.
        seed: of the run.
        builder: a user's own.
        assembly: what a method makes of encoders, if it does not take whatever model there is: of those that the
            settings say, or of those in a user's own late fusion.
        network: a method's own, if it has one; it takes no other.

    Raises:
        UserError: the settings name an encoder that a modality does not take, or the method cannot use the user's
            model.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(fold_key(seed, "model"))
        if network is not None:
            if builder is not None:
                raise UserError("this method has a network of its own: give it no model")
            module = network(modalities, task, settings)
        elif assembly is None:
            module = builder(modalities, task) if builder else late_fusion(modalities, task, settings)
        elif builder is None:
            module = assembly(encoders_of(modalities, settings), task, settings)
        else:
            module = _reassembled(builder(modalities, task), task, settings, assembly)
    return Model(module, modalities, settings.buffers)


def _reassembled(given: nn.Module, task: Task, settings: ModelSettings, assembly: Assembly) -> nn.Module:
    if not isinstance(given, LateFusion):
        kind = type(given).__name__
        raise UserError(
            f"this method puts encoders together itself: give it a model that is a LateFusion, not a {kind}"
        )
    return assembly(dict(given.encoder.items()), task, replace(settings, width=given.width))
