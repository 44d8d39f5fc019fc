"""Data of one's own: arrays, a folder, a Hugging Face data set, a PyTorch data set; each becomes a `Dataset`."""

from counterpoint.data.own.arrays import from_arrays
from counterpoint.data.own.folder import load_folder
from counterpoint.data.own.huggingface import from_huggingface
from counterpoint.data.own.pytorch import from_torch

__all__ = ["from_arrays", "from_huggingface", "from_torch", "load_folder"]
