"""The card of data of one's own: what was given, in words."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.own.kinds import Sense
from counterpoint.data.population import Side


@dataclass(frozen=True)
class Telling:
    """What is told of a data set.

    Attributes:
        origin: whence it was read.
        name: of the data set.
        title: one line; one is made of the modalities where empty.
        licence: what was said of it.
    """

    origin: str = "given from Python as arrays"
    name: str = "own"
    title: str = ""
    licence: str = "not stated"


def card(
    telling: Telling,
    senses: Mapping[str, Sense],
    *,
    classes: Sequence[str],
    label: Tensor,
    unit: Tensor,
    owners: Sequence[str],
    side: Tensor,
    declared: bool,
    by_row: bool,
    standardised: bool,
) -> Card:
    """The card.

    Args:
        telling: what is told.
        senses: by name.
        classes: in order.
        label: int64 [rows].
        unit: int64 [rows].
        owners: names of the natural owners.
        side: int64 [rows].
        declared: whether rows themselves say on which side they are.
        by_row: whether each row is a unit because nothing else was said.
        standardised: whether tables are.
    """
    sides = {"train rows": Side.TRAIN, "client test rows": Side.CLIENT_TEST, "global test rows": Side.GLOBAL_TEST}
    counts = {"rows": len(label), **{what: int((side == one).sum()) for what, one in sides.items()}}
    counts |= {"units": len(set(unit.tolist())), "owners": len(owners), "classes": len(classes)}
    return Card(
        name=telling.name,
        title=telling.title or f"data of one's own: {', '.join(senses)}",
        origin=telling.origin,
        licence=telling.licence,
        checksum=_checksum(senses, label, unit, side),
        counts={what: count for what, count in counts.items() if count},
        split=_split(declared, by_row, bool((side == Side.CLIENT_TEST).any())),
        modalities={m: _in_words(sense, standardised) for m, sense in senses.items()},
        classes=tuple(classes),
        traps=tuple(_traps(senses, owners, by_row=by_row, standardised=standardised)),
    )


def _in_words(sense: Sense, standardised: bool) -> str:
    modality = sense.modality
    size = f"{modality.shape[0]} columns" if modality.kind == "table" else " x ".join(map(str, modality.shape))
    size += {"text": " bytes", "audio": " samples"}.get(modality.kind, "")
    extra = [modality.unit] if modality.unit else []
    extra += ["standardised"] if standardised and modality.kind == "table" else []
    extra += [f"{modality.rate:g} a second"] if modality.rate else []
    absent = int((~sense.present).sum())
    extra += [f"absent from {absent} of {len(sense.present)} rows"] if absent else []
    if modality.kind == "table" and (gaps := int(sense.values[sense.present].isnan().sum())):
        extra += [f"missing cells{' elsewhere' if absent else ''}: {gaps}"]
    return ", ".join([f"{modality.kind}, {size}", *extra])


def _split(declared: bool, by_row: bool, tests: bool) -> str:
    unit = "row" if by_row else "natural unit"
    own = "" if tests else " Each client's own test is drawn out of its training rows after the partition."
    if declared:
        return f"as the rows say, by {unit}.{own}"
    return (
        f"by {unit}, stratified by class: a share of the units of each class is the global test set, the same whatever "
        f"the seed of a run.{own}"
    )


def _traps(senses: Mapping[str, Sense], owners: Sequence[str], *, by_row: bool, standardised: bool) -> list[str]:
    traps = []
    if by_row:
        traps += ["each row is a unit of its own: if rows belong together (windows of a recording, say), name the unit"]
    if len(owners) == 1:
        traps += ["there is one owner and no natural client: deal the rows out, for example by partition dirichlet:0.5"]
    if standardised and any(sense.modality.kind == "table" for sense in senses.values()):
        traps += [
            "tables are standardised with mean and deviation of all training rows together, numbers on which the "
            "parties of a federation would have to agree beforehand"
        ]
    return traps + [note for sense in senses.values() for note in sense.notes]


def _checksum(senses: Mapping[str, Sense], label: Tensor, unit: Tensor, side: Tensor) -> str:
    found = hashlib.sha256()
    parts = {"label": label, "unit": unit, "side": side}
    parts |= {f"{m} values": sense.values for m, sense in senses.items()}
    parts |= {f"{m} present": sense.present for m, sense in senses.items()}
    for what, values in sorted(parts.items()):
        found.update(f"\x1f{what}\x1f{values.dtype}\x1f{tuple(values.shape)}\x1f".encode())
        found.update(values.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
