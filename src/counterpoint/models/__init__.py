"""Models: bricks, their assembly, and the model as a function of its tensors."""

from counterpoint.models.build import ModelSettings, ModuleBuilder, build_model, late_fusion
from counterpoint.models.fusion import ConcatFusion, LateFusion, MeanFusion
from counterpoint.models.mode import is_stacked, is_training, stacked, training
from counterpoint.models.model import BufferRule, Model

__all__ = [
    "BufferRule",
    "ConcatFusion",
    "LateFusion",
    "MeanFusion",
    "Model",
    "ModelSettings",
    "ModuleBuilder",
    "build_model",
    "is_stacked",
    "is_training",
    "late_fusion",
    "stacked",
    "training",
]
