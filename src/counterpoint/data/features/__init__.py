"""Features of frozen encoders in the place of raw values, computed once and kept in the user's cache.

A frozen encoder of your own is one entry:

    FEATURES["mine"] = FrozenEncoder(kind="image", size=128, version=1, weights="...", encode=my_function)

after which `features={"image": "mine"}` of a run, or `with_features(dataset, "image", "mine")`, finds it.
"""

from counterpoint.data.features.encoder import Encode, FrozenEncoder, Progress
from counterpoint.data.features.registry import FEATURES
from counterpoint.data.features.replace import with_features

__all__ = ["FEATURES", "Encode", "FrozenEncoder", "Progress", "with_features"]
