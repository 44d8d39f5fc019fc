"""A folder with a pretrained model: which files there must be, and a digest of them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterpoint.data.modality import Kind
from counterpoint.errors import UserError, unknown

KINDS: dict[str, Kind] = {"vit": "image", "deit": "image", "bert": "text", "distilbert": "text", "roberta": "text"}
"""The kind of modality that a model takes, by its `model_type`."""
CONFIG, WEIGHTS, PICTURES = "config.json", "model.safetensors", "preprocessor_config.json"
PIECES, WORDS, CASE = "tokenizer.json", "vocab.txt", "tokenizer_config.json"


@dataclass(frozen=True)
class ModelFolder:
    """What a folder holds, before its weights are read.

    Attributes:
        path: of the folder.
        config: of the model.
        kind: of modality that it takes.
        size: features of a row.
        files: names of the files that are read.
    """

    path: Path
    config: dict[str, Any]
    kind: Kind
    size: int
    files: tuple[str, ...]

    def digest(self) -> str:
        """SHA-256 over the names and contents of the files that are read."""
        found = hashlib.sha256()
        for name in self.files:
            with (self.path / name).open("rb") as file:
                found.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return found.hexdigest()

    def read(self, name: str) -> dict[str, Any]:
        """What a JSON file of the folder says.

        Raises:
            UserError: it cannot be read.
        """
        return _read(self.path, name)


def opened(folder: Path) -> ModelFolder:
    """What a folder holds; every file that is needed is there.

    Raises:
        UserError: there is no such folder, it lacks a file or holds one that cannot be read, or its model is none of
            `KINDS`.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: give the folder of a pretrained model.")
    config = _read(folder, CONFIG)
    model = str(config.get("model_type"))
    if model not in KINDS:
        raise unknown(f"model_type in {folder / CONFIG}", model, KINDS)
    size = config.get("hidden_size", config.get("dim"))
    if not isinstance(size, int) or size < 1:
        raise UserError(f"{folder / CONFIG} does not say the model's hidden_size: take the file that came with it.")
    cutting = [PIECES] if (folder / PIECES).is_file() else [WORDS, CASE]
    beside = [PICTURES] if KINDS[model] == "image" else cutting
    for name in beside:
        if not (folder / name).is_file():
            either = f"{PIECES}, or {WORDS} with {CASE}" if name != PICTURES else name
            raise UserError(f"{folder} lacks {either}: add what came with the model.")
    if not (folder / WEIGHTS).is_file():
        raise UserError(f"{folder} lacks {WEIGHTS}, the only form in which weights are read: save the model as that.")
    return ModelFolder(folder, config, KINDS[model], size, (CONFIG, *beside, WEIGHTS))


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{folder} lacks {name}: add what came with the model.") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / name} cannot be read as JSON: copy it anew.") from error
    if not isinstance(found, dict):
        raise UserError(f"{folder / name} is no JSON object: copy it anew.")
    return found
