"""The frozen encoders that there are."""

from counterpoint.data.features import minilm
from counterpoint.data.features.encoder import FrozenEncoder

FEATURES: dict[str, FrozenEncoder] = {"minilm": minilm.ENCODER}
"""Every frozen encoder by name; add your own."""
