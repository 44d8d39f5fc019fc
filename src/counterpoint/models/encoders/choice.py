"""Which encoder each modality gets, out of one text."""

from collections.abc import Mapping

from counterpoint.data.modality import Modality
from counterpoint.errors import UserError, unknown
from counterpoint.models.encoders import ENCODERS, encoder_names

AUTO = "auto"
FORMS = "write auto, one name, or MODALITY:NAME parts joined by commas"


def described() -> str:
    """What may be written, and the names that there are."""
    kinds = (f"{kind} {' or '.join(encoder_names(kind))}" for kind in ENCODERS)
    return f"auto, one name, or MODALITY:NAME,...: {', '.join(kinds)}"


def choose_encoders(text: str, modalities: Mapping[str, Modality]) -> dict[str, str]:
    """The name of an encoder for every modality.

    Args:
        text: `auto` for each kind's default; one name, for all modalities whose kind knows it, the default for others;
            or `image:cnn,text:transformer`, the default for those not named.
        modalities: by name.

    Raises:
        UserError: the text cannot be read, or a name in it is unknown or does not fit.
    """
    chosen = {name: next(iter(encoder_names(m.kind)), AUTO) for name, m in modalities.items()}
    if text.strip() == AUTO:
        return chosen
    if ":" not in text and "," not in text:
        return chosen | _wherever_it_fits(text.strip(), modalities)
    named: dict[str, str] = {}
    for part in text.split(","):
        modality, colon, encoder = (piece.strip() for piece in part.partition(":"))
        if not (modality and colon and encoder):
            raise UserError(f"model.encoder={text}: {part.strip()!r} cannot be read: {FORMS}")
        if modality not in modalities:
            raise unknown(f"modality in model.encoder={text}", modality, modalities)
        if modality in named:
            raise UserError(f"model.encoder={text} names {modality!r} twice: leave one out")
        named[modality] = encoder
    return chosen | named


def _wherever_it_fits(name: str, modalities: Mapping[str, Modality]) -> dict[str, str]:
    """One name for all modalities that it fits.

    Raises:
        UserError: it fits none.
    """
    if found := {m: name for m, modality in modalities.items() if name in encoder_names(modality.kind)}:
        return found
    here = {modality.kind for modality in modalities.values()}
    names = {encoder for kind in here for encoder in encoder_names(kind)}
    if others := [kind for kind in ENCODERS if name in ENCODERS[kind]]:
        raise UserError(
            f"encoder {name!r} is for {' and '.join(others)}, and no modality here is of that kind; "
            f"there are: {', '.join(sorted(names)) or 'none'}"
        )
    raise unknown("encoder", name, names)
