"""A dataset as its source gives it, and the population that a run works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality, Task
from counterpoint.data.samples import Samples, concatenate


class Side(IntEnum):
    """To which side a row belongs. Sources know the first three; rows of the others are taken from TRAIN."""

    TRAIN = 0
    CLIENT_TEST = 1
    GLOBAL_TEST = 2
    PROXY = 3
    SERVER = 4


@dataclass(frozen=True)
class Dataset:
    """What a source returns: all rows, who owns them, and the split that the source declares.

    Attributes:
        name: the source's name.
        task: what is learned.
        modalities: by name.
        samples: all rows, nothing missing but what the origin lacks.
        owner: int64 [rows], index into `owners`: the natural client of a row.
        owners: names of the natural owners.
        side: int64 [rows] of `Side`. A natural unit lies on one side only. A source that declares no CLIENT_TEST leaves
            it to the partition to draw each client's test out of its TRAIN rows.
        card: origin, licence, checksum, sizes, traps.
    """

    name: str
    task: Task
    modalities: Mapping[str, Modality]
    samples: Samples
    owner: Tensor
    owners: tuple[str, ...]
    side: Tensor
    card: Card

    def rows(self, index: Tensor) -> "Dataset":
        """The same with these rows alone, int64 or bool [rows]."""
        index = index.nonzero().flatten() if index.dtype == torch.bool else index
        return replace(self, samples=self.samples.rows(index), owner=self.owner[index], side=self.side[index])

    def only(self, modalities: Sequence[str]) -> "Dataset":
        """The same with these modalities alone, and the rows that have any of them."""
        samples = self.samples.only(modalities)
        some = torch.stack(list(samples.present.values())).any(0)
        kept = {name: modality for name, modality in self.modalities.items() if name in modalities}
        found = replace(self, samples=samples, modalities=kept)
        return found if bool(some.all()) else found.rows(some)


@dataclass(frozen=True)
class ClientData:
    """What one client holds: splits of the same modalities that share no natural unit.

    Attributes:
        id: 0, 1, 2, ...
        name: for people.
        train: rows with labels. Where clients have no labels, there are none.
        test: rows with labels, for scoring only.
        unlabelled: rows whose labels are hidden: each is -1, so nothing can read what it was. None where all are known.
        held: training rows that are in neither of these, labels hidden: a method measures by them, see `hold_out`. None
            where it does not.
    """

    id: int
    name: str
    train: Samples
    test: Samples
    unlabelled: Samples | None = None
    held: Samples | None = None

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities that this client owns, sorted."""
        return self.train.modalities

    @property
    def inputs(self) -> Samples:
        """All training rows, those of `train` first, with every label hidden."""
        parts = [part for part in (self.train, self.unlabelled) if part is not None and len(part)] or [self.train]
        rows = (
            parts[0] if len(parts) == 1 else concatenate(parts, {m: tuple(v.shape[1:]) for m, v in parts[0].x.items()})
        )
        return replace(rows, label=torch.full_like(rows.label, -1))


@dataclass(frozen=True)
class Population:
    """All clients of a run, plus what the server holds.

    Attributes:
        name: of the dataset.
        task: what is learned.
        modalities: every modality that anyone may have, by name.
        clients: in order of their ids, which are 0, 1, 2, ...
        test: the global test set, held by the server.
        proxy: rows without labels (-1) that the server and all clients hold; no client or test has any of their units.
        server: rows with labels that the server alone holds; likewise.
        card: of the dataset.
        drawn: what partition and missingness drew, as plain values for the run folder and the report.
        validation: the share of the clients' training rows that stands in for all tests: `test` here and of clients are
            such rows then, and there are no others. 0 where tests are tests.
    """

    name: str
    task: Task
    modalities: Mapping[str, Modality]
    clients: tuple[ClientData, ...]
    test: Samples
    card: Card
    drawn: Mapping[str, object] = field(default_factory=dict)
    proxy: Samples | None = None
    server: Samples | None = None
    validation: float = 0.0

    @classmethod
    def from_arrays(cls, x: Mapping[str, Any], label: Any, **options: Any) -> "Population":
        """Clients out of arrays: `counterpoint.data.own.from_arrays`, dealt by `populate`.

        For example `Population.from_arrays({"ecg": ecg, "note": notes}, diagnosis, client=hospital)`.

        Args:
            x: by modality, an array or tensor [rows, *shape], or a list of rows.
            label: by row, whole numbers or names of classes.
            options: `client`, `unit`, `split`, `kinds`, `rates`, ...; `partition`, `clients`, `missing`, `seed`, ...

        Raises:
            UserError: something given is wrong; the sentence names modality and row.
        """
        from counterpoint.data.own import from_arrays
        from counterpoint.data.own.options import dealt

        return dealt(from_arrays, x, label, **options)

    @classmethod
    def from_folder(cls, path: str | Path, **options: Any) -> "Population":
        """Clients out of a folder: `counterpoint.data.own.load_folder`, dealt by `populate`.

        Args:
            path: of a folder that holds `data.csv` (or `.tsv`, `.jsonl`, `.parquet`) and the files that it names.
            options: `partition`, `clients`, `missing`, `seed`, and others of `populate`.

        Raises:
            UserError: something in the folder or an option is wrong; the sentence names file and line.
        """
        from counterpoint.data.own import load_folder
        from counterpoint.data.own.options import dealt

        return dealt(load_folder, path, **options)

    @classmethod
    def from_huggingface(
        cls, dataset: Any, *, label: str, modalities: Mapping[str, str | Sequence[str]], **options: Any
    ) -> "Population":
        """Clients out of a Hugging Face data set: `counterpoint.data.own.from_huggingface`, dealt by `populate`.

        Args:
            dataset: one split, a `datasets.Dataset`.
            label: name of a column.
            modalities: by modality the name of its column, or of several columns that make a table.
            options: `client`, `unit` and others (names of columns, or values by row); `partition`, `missing`, ...

        Raises:
            UserError: something given is wrong; the sentence names modality and row.
        """
        from counterpoint.data.own import from_huggingface
        from counterpoint.data.own.options import dealt

        return dealt(from_huggingface, dataset, label=label, modalities=modalities, **options)

    @classmethod
    def from_torch(cls, dataset: Any, modalities: Sequence[str], **options: Any) -> "Population":
        """Clients out of a PyTorch data set: `counterpoint.data.own.from_torch`, dealt by `populate`.

        Args:
            dataset: has a length, and items by number: tuples that begin with the modalities, or dictionaries.
            modalities: names in the order of a tuple's fields, or keys of a dictionary.
            options: `label` (a place or a key), `client` and others; `partition`, `missing`, ...

        Raises:
            UserError: something given is wrong; the sentence names modality and row.
        """
        from counterpoint.data.own import from_torch
        from counterpoint.data.own.options import dealt

        return dealt(from_torch, dataset, modalities, **options)
