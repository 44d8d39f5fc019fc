"""The model that a run gets when the user brings none."""

from collections.abc import Callable, Mapping
from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import nn

from counterpoint.data.modality import Modality, Task
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
        buffers: the rule for buffers, see `Model`.
    """

    encoder: Annotated[str, Field(description=described())] = AUTO
    fusion: Annotated[FusionKind, Field(description="how embeddings become one")] = "mean"
    width: Annotated[int, Field(ge=1, description="of embeddings")] = 64
    buffers: Annotated[BufferRule, Field(description="rule for running statistics and other buffers")] = "average"


def late_fusion(modalities: Mapping[str, Modality], task: Task, settings: ModelSettings) -> LateFusion:
    """An encoder a modality, fused late, with a linear classifier on top.

    Raises:
        UserError: the settings name an encoder that a modality does not take.
    """
    chosen = choose_encoders(settings.encoder, modalities)
    encoders = {name: build_encoder(chosen[name], m, settings.width) for name, m in sorted(modalities.items())}
    fusion = FUSIONS[settings.fusion](modalities, settings.width)
    return LateFusion(encoders, fusion, nn.Linear(settings.width, len(task.classes)), settings.width)


def build_model(
    modalities: Mapping[str, Modality],
    task: Task,
    settings: ModelSettings,
    seed: int,
    builder: ModuleBuilder | None = None,
) -> Model:
    """The model of a run, its initial tensors drawn with the key (seed, "model"): the same for every party.

    Args:
        modalities: of the population.
        task: of the population.
        settings: which model, unless a builder is given; and the rule for buffers.
        seed: of the run.
        builder: a user's own.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(fold_key(seed, "model"))
        module = builder(modalities, task) if builder else late_fusion(modalities, task, settings)
    return Model(module, modalities, settings.buffers)
