"""Pretrained encoders out of a folder of your own, frozen: `hf:FOLDER` as the name of a frozen encoder.

The folder is one that `save_pretrained` of transformers writes, or a copy of a published model. Nothing is looked up
anywhere else, and no file is read that could run code: weights come as safetensors alone.

    picture -> stretched to the model's size -> normalised as the model expects -> vision transformer -> its CLS token
    text -> word pieces -> BERT or a relative -> mean over word pieces

Then unit length, times sqrt(size): the mean square of a row's features is 1. A digest of all files that are read is
part of the cache's key: other weights are other features, and a folder may move.
"""

from functools import partial
from pathlib import Path

from counterpoint.data.features.encoder import FrozenEncoder
from counterpoint.data.features.folder import opened
from counterpoint.data.features.pictures import picture_features
from counterpoint.data.features.sentences import text_features

PREFIX = "hf:"
VERSION = 1


def is_pretrained(name: str) -> bool:
    """Whether a frozen encoder's name is that of a folder."""
    return name.startswith(PREFIX)


def pretrained(name: str) -> FrozenEncoder:
    """The frozen encoder `hf:FOLDER`.

    Raises:
        UserError: there is no such folder, it lacks a file or holds one that cannot be read, or its model is of a type
            that is not known.
    """
    folder = opened(Path(name.removeprefix(PREFIX)).expanduser())
    encode = partial(picture_features if folder.kind == "image" else text_features, folder)
    return FrozenEncoder(folder.kind, folder.size, VERSION, folder.digest(), encode)


def short_name(name: str) -> str:
    """A frozen encoder's name without the place of its folder: `hf:/home/me/vit` is `hf:vit`."""
    return PREFIX + Path(name.removeprefix(PREFIX)).name if is_pretrained(name) else name


def lasting_name(name: str) -> str:
    """The name under which a frozen encoder is found from any folder."""
    return PREFIX + str(Path(name.removeprefix(PREFIX)).expanduser().resolve()) if is_pretrained(name) else name
