"""The weights of a pretrained model, out of its folder and from nowhere else."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional

from counterpoint.data.features.folder import CONFIG, WEIGHTS, ModelFolder
from counterpoint.errors import UserError


def load_model(folder: ModelFolder) -> Any:
    """The model in evaluation mode, float32, every weight that is used out of the folder.

    Raises:
        UserError: transformers is not installed, or the weights cannot be read or do not fit the configuration.
    """
    try:
        from transformers import AutoModel
    except ModuleNotFoundError as error:
        raise UserError(f"{folder.path} needs {error.name}: pip install 'counterpoint[text]'.") from error
    try:
        with _quietly(), torch.random.fork_rng(devices=[]):  # a layer that is not used may be drawn
            model, report = AutoModel.from_pretrained(
                str(folder.path),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
                dtype=torch.float32,
            )
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, SafetensorError) as error:
        line = " ".join(str(error).split())[:200]
        raise UserError(f"the pretrained model in {folder.path} cannot be read ({line}): copy it anew.") from error
    lost = sorted(str(name) for name in report["missing_keys"] if "pooler." not in str(name))
    if lost:
        raise UserError(f"{folder.path / WEIGHTS} lacks {lost[0]}: its {CONFIG} belongs to another model.")
    return model.eval()


def scaled(x: Tensor) -> Tensor:
    """Rows [rows, size] of length sqrt(size): the mean square of each is 1."""
    return functional.normalize(x, dim=1) * math.sqrt(x.shape[1])


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the progress bars and warnings of transformers."""
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
