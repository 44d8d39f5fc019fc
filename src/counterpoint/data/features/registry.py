"""The frozen encoders that there are."""

from counterpoint.data.features import minilm
from counterpoint.data.features.encoder import FrozenEncoder
from counterpoint.data.features.pretrained import is_pretrained, pretrained
from counterpoint.errors import unknown

FEATURES: dict[str, FrozenEncoder] = {"minilm": minilm.ENCODER}
"""Every frozen encoder by name; add your own. Beside them, `hf:FOLDER` is what lies in a folder."""


def frozen_encoder(name: str) -> FrozenEncoder:
    """The frozen encoder of this name.

    Raises:
        UserError: there is none, or the folder that it names holds none.
    """
    if is_pretrained(name):
        return pretrained(name)
    if name not in FEATURES:
        raise unknown("frozen encoder", name, [*FEATURES, "hf:FOLDER"])
    return FEATURES[name]
