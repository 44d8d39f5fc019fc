"""Features of pictures by a pretrained vision transformer."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from counterpoint.data.features.encoder import Progress
from counterpoint.data.features.folder import PICTURES, ModelFolder
from counterpoint.data.features.weights import load_model, scaled
from counterpoint.data.modality import Modality
from counterpoint.errors import UserError

BATCH = 32
RESAMPLING = {0: "nearest", 2: "bilinear", 3: "bicubic"}
"""How pictures are stretched, by the number that the file says; those of Pillow."""


def picture_features(folder: ModelFolder, values: Tensor, modality: Modality, progress: Progress) -> Tensor:
    """CLS of each picture, scaled, float32 [rows, size].

    Args:
        folder: of the model.
        values: pictures from 0 to 1, [rows, channels, height, width].
        modality: of them.
        progress: is told of rows.

    Raises:
        UserError: transformers is not installed, or the weights or the channels do not fit.
    """
    ready, model = fitted(folder, modality), load_model(folder)
    parts = []
    for start in range(0, len(values), BATCH):
        with torch.no_grad():
            states = model(pixel_values=ready(values[start : start + BATCH].float())).last_hidden_state
        parts.append(scaled(states[:, 0]))
        progress(min(start + BATCH, len(values)), len(values))
    return torch.cat(parts)


def fitted(folder: ModelFolder, modality: Modality) -> Callable[[Tensor], Tensor]:
    """What makes of pictures from 0 to 1 what the model expects.

    The whole picture is stretched to the model's size, whatever its proportions; nothing is cut off. One of a single
    channel is given as many equal ones as the model has. Then mean and deviation as `preprocessor_config.json` says.

    Raises:
        UserError: the channels do not fit, or the file does not say what is needed.
    """
    channels, size = folder.config.get("num_channels", 3), folder.config.get("image_size", 224)
    if modality.shape[0] not in (1, channels):
        raise UserError(
            f"the model in {folder.path} takes pictures of {channels} channels, but {modality.name} has "
            f"{modality.shape[0]}: take another model."
        )
    said = folder.read(PICTURES)
    if (number := said.get("resample", 2)) not in RESAMPLING:
        known = " or ".join(map(str, RESAMPLING))
        raise UserError(f"{folder.path / PICTURES} says resample {number}: make it {known}.")
    if said.get("do_normalize", True) and not {"image_mean", "image_std"} <= said.keys():
        raise UserError(f"{folder.path / PICTURES} lacks image_mean or image_std: add what the model was trained with.")
    normal = said if said.get("do_normalize", True) else {"image_mean": 0.0, "image_std": 1.0}
    mean, deviation = (torch.as_tensor(normal[n]).float().reshape(-1, 1, 1) for n in ("image_mean", "image_std"))
    mode = RESAMPLING[number]

    def ready(values: Tensor) -> Tensor:
        stretched = functional.interpolate(values, size, mode=mode, antialias=mode != "nearest")
        return (stretched.clamp(0, 1).expand(-1, channels, -1, -1) - mean) / deviation

    return ready
