"""From a name to a data set, with the modalities that are asked for, and features in place of some."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from counterpoint.data import sources
from counterpoint.data.population import Dataset
from counterpoint.errors import unknown


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder of one's own, not of a source.

    `NAME:FOLDER` is not, unless there is one: it is a source, perhaps misspelt.
    """
    if sources.is_named(name):
        return False
    if ":" in name.partition("/")[0]:
        return Path(name).is_dir()
    return "/" in name or name == "." or Path(name).is_dir()


def lasting_name(name: str) -> str:
    """The name under which data are found from any folder: that of a folder with its whole path."""
    return str(Path(name).resolve()) if is_folder(name) else sources.lasting_name(name)


def lasting_features(features: Mapping[str, str]) -> dict[str, str]:
    """Frozen encoders by modality, each by the name under which it is found from any folder."""
    from counterpoint.data.features.pretrained import lasting_name

    return {modality: lasting_name(str(encoder)) for modality, encoder in features.items()}


def prepared(name: str, modalities: Sequence[str] | None = None, features: Mapping[str, str] | None = None) -> Dataset:
    """A data set by name.

    Args:
        name: one that `sources.names()` lists, with `:FOLDER` where it is read from one, or a folder of one's own: a
            path with a slash in it, or `.`.
        modalities: which of its modalities are used; all where None. Rows that have none of them are dropped.
        features: by modality, the frozen encoder whose features take its place, as `with_features` names it.

    Raises:
        UserError: there is no such data set, modality or encoder, or it cannot be had.
    """
    from counterpoint.data.features import with_features
    from counterpoint.data.own import load_folder

    dataset = load_folder(Path(name)) if is_folder(name) else sources.load(name)
    for modality in [*(modalities or ()), *(features or {})]:
        if modality not in dataset.modalities:
            raise unknown(f"modality of {dataset.name}", modality, dataset.modalities)
    if modalities is not None:
        dataset = dataset.only(modalities)
    for modality, encoder in (features or {}).items():
        dataset = with_features(dataset, modality, encoder)
    return dataset
