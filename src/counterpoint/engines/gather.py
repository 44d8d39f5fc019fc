"""The samples of many clients in one piece, and batches cut from it for all of them at once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch, Samples
from counterpoint.engines.plan import Plan

GATHERED_ROWS = 2**13
"""About how many rows are gathered at once."""


@dataclass(frozen=True)
class Look:
    """What some clients look at in one step.

    Attributes:
        at: int64 [active], places of these clients.
        fields: of a `Batch`, [active, rows, ...], or [rows, ...] where it is common to all.
        dims: by field, where clients are: 0, or None where it is common to all.
        mask: bool [active, rows], false for rows that only fill up.
    """

    at: Tensor
    fields: dict[str, Any]
    dims: dict[str, Any]
    mask: Tensor

    def first(self, clients: int) -> "Look":
        """What the first so many of them look at."""

        def cut(value: Any, dim: Any) -> Any:
            if isinstance(value, Mapping):
                return {name: cut(part, dim[name]) for name, part in value.items()}
            return value if dim is None else value[:clients]

        fields = {name: cut(value, self.dims[name]) for name, value in self.fields.items()}
        return Look(self.at[:clients], fields, self.dims, self.mask[:clients])

    def among(self, rows: Tensor) -> "Look":
        """The same, of which only rows count for which this, bool [active, rows], is true, too."""
        mask = self.mask & rows
        common = self.dims["mask"] is None
        return replace(self, mask=mask, fields={**self.fields, "mask": mask[0] if common else mask})

    def alone(self) -> Batch:
        """The batch of the first of them, without filling."""
        rows = self.mask[0]

        def cut(value: Any, dim: Any) -> Any:
            if isinstance(value, Mapping):
                return {name: cut(part, dim[name]) for name, part in value.items()}
            return (value if dim is None else value[0])[rows]

        return Batch(**{name: cut(value, self.dims[name]) for name, value in self.fields.items()})


class Gathered(ABC):
    """One split of some clients.

    Attributes:
        sizes: rows of each client.
    """

    sizes: Sequence[int]

    @abstractmethod
    def steps(self, plan: Plan, at: Tensor) -> Iterator[Look]:
        """The batches of a plan, step by step, of those clients that still take one.

        Args:
            plan: of some of these clients.
            at: int64 [clients of the plan], their places here.
        """

    @abstractmethod
    def chunks(self, rows: int) -> Iterator[Look]:
        """All rows of all clients in order, so many of each at a time; of those clients that still have any."""

    @abstractmethod
    def flat(self, rows: int) -> Iterator[tuple[Batch, Tensor]]:
        """All rows of all clients, so many at a time, and int64 [rows] whose they are."""


def filled(samples: Samples, modality: str) -> Tensor:
    """A modality's values with a row that is present in place of every absent one; zeros, where none is.

    What is computed on them is thrown away, but it must not break: an encoder that divides by a norm has no gradient
    at zero.
    """
    values, there = samples.x[modality], samples.present[modality]
    if bool(there.all()):
        return values
    fill = values[there.long().argmax()] if bool(there.any()) else torch.zeros_like(values[0])
    return torch.where(there.view(-1, *[1] * (values.dim() - 1)), values, fill)


class Pool:
    """One split of some clients of one structure, one client's rows after another's.

    Where the values of a modality lie in one tensor already, as those of a population that was dealt by `populate`,
    they are not copied.

    Args:
        parts: the split of each client; all have the same modalities.
        device: where the tensors go.

    Attributes:
        sizes: rows of each client.
        first: the first row of each.
        label: int64 [rows].
        present: by modality, bool [rows].
        complete: by modality, whether no row lacks it.
    """

    def __init__(self, parts: Sequence[Samples], device: str = "cpu") -> None:
        self.sizes = [len(part) for part in parts]
        self.first = _starts(self.sizes)
        self.label = torch.cat([part.label for part in parts]).to(device)
        self.present: dict[str, Tensor] = {}
        self.complete: dict[str, bool] = {}
        self._x: dict[str, Tensor] = {}
        self._read: dict[str, Tensor] = {}
        for m in parts[0].modalities:
            there = torch.cat([part.present[m] for part in parts])
            whole, first = _in_one([part.x[m] for part in parts], share=device == "cpu")
            read = torch.cat([torch.arange(f, f + n) for f, n in zip(first, self.sizes, strict=True)])
            if not bool(there.all()):
                whole = whole if bool(there.any()) else torch.zeros_like(whole)
                read = self._stand_ins(there.cpu(), read)
            self._x[m], self.present[m] = whole.to(device), there.to(device)
            self.complete[m] = bool(there.all())
            if not read.equal(torch.arange(len(read))):
                self._read[m] = read.to(device)

    def _stand_ins(self, there: Tensor, read: Tensor) -> Tensor:
        """For each row where the values are read: its own, or those of a row that has the modality.

        What is computed on a stand-in is thrown away, but it must not break: an encoder that divides by a norm has no
        gradient at zero. A client's own rows stand in where one has the modality.
        """
        some = int(there.long().argmax())
        stand_in = torch.arange(len(there))
        for start, size in zip(self.first, self.sizes, strict=True):
            own = there[start : start + size]
            stand_in[start : start + size][~own] = start + int(own.long().argmax()) if bool(own.any()) else some
        return read[stand_in]

    def values(self, modality: str, index: Tensor) -> Tensor:
        """The values that are computed on for rows, [..., *shape] for int64 [...]."""
        flat, whole = index.flatten(), self._x[modality]
        if modality in self._read:
            flat = self._read[modality].index_select(0, flat)
        return whole.index_select(0, flat).view(*index.shape, *whole.shape[1:])

    @property
    def modalities(self) -> Iterable[str]:
        """Names of the modalities."""
        return self._x


def _starts(sizes: Sequence[int]) -> list[int]:
    return [0, *torch.tensor(sizes[:-1], dtype=torch.long).cumsum(0).tolist()]


def _in_one(parts: Sequence[Tensor], share: bool) -> tuple[Tensor, list[int]]:
    """One tensor that holds the rows of all parts, and the first row of each; a view, if they lie in one already."""
    one = next((part for part in parts if len(part)), parts[0])
    row, memory = one.shape[1:].numel(), one.untyped_storage()
    if share and row and all(_rows_of(part, memory.data_ptr(), row) for part in parts):
        rows = memory.nbytes() // (row * one.element_size())
        whole = one.as_strided((rows, *one.shape[1:]), torch.empty(1, *one.shape[1:], device="meta").stride(), 0)
        return whole, [part.storage_offset() // row if len(part) else 0 for part in parts]
    return torch.cat(list(parts)), _starts([len(part) for part in parts])


def _rows_of(part: Tensor, memory: int, row: int) -> bool:
    """Whether a tensor is whole rows of a storage."""
    alike = part.untyped_storage().data_ptr() == memory and part.is_contiguous()
    return not len(part) or (alike and part.storage_offset() % row == 0)


class OwnRows(Gathered):
    """The rows of some clients of a pool.

    Args:
        pool: of all clients of the structure.
        places: of these clients in it.
    """

    def __init__(self, pool: Pool, places: Sequence[int]) -> None:
        self._pool = pool
        self._first = torch.tensor([pool.first[place] for place in places])
        self.sizes = [pool.sizes[place] for place in places]
        self._dims: dict[str, Any] = {
            "x": dict.fromkeys(pool.modalities, 0),
            "present": {m: None if pool.complete[m] else 0 for m in pool.modalities},
            "label": 0,
            "index": 0,
            "mask": 0,
        }

    def steps(self, plan: Plan, at: Tensor) -> Iterator[Look]:
        """See `Gathered.steps`. Some steps are gathered at once, as many as are small enough together."""
        device = self._pool.label.device
        first = self._first[at]
        index = (plan.rows + first[:, None]).to(device)
        rows, mask = plan.rows.to(device), plan.mask.to(device)
        whole = torch.ones(rows.shape[2], dtype=torch.bool, device=device)
        together = max(1, GATHERED_ROWS // max(index[0].numel(), 1)) if len(plan) else 1
        for begin in range(0, len(plan), together):
            part = slice(begin, begin + together)
            active, longest = plan.active[begin], max(plan.longest[part])
            fields = self._fields(index[part, :active, :longest])
            for step in range(begin, min(begin + together, len(plan))):
                count, most = plan.active[step], plan.longest[step]
                yield self._look(
                    at[:count],
                    lambda value, step=step - begin, count=count, most=most: value[step, :count, :most],  # type: ignore[misc]
                    fields,
                    rows[step, :count, :most],
                    mask[step, :count, :most],
                    whole[:most],
                )

    def _fields(self, index: Tensor) -> dict[str, Any]:
        """Values, presence and labels of rows of the pool, [*index.shape, ...]."""
        pool = self._pool
        return {
            "x": {m: pool.values(m, index) for m in pool.modalities},
            "present": {m: value[index] for m, value in pool.present.items() if not pool.complete[m]},
            "label": pool.label[index],
        }

    def _look(
        self,
        at: Tensor,
        cut: Callable[[Tensor], Tensor],
        fields: Mapping[str, Any],
        rows: Tensor,
        mask: Tensor,
        whole: Tensor,
    ) -> Look:
        """A look at a part of gathered fields. A modality that no row of the pool lacks has a mask common to all."""
        present = {m: cut(fields["present"][m]) if m in fields["present"] else whole for m in self._pool.modalities}
        given = {
            "x": {m: cut(value) for m, value in fields["x"].items()},
            "present": present,
            "label": cut(fields["label"]),
            "index": rows,
            "mask": mask,
        }
        return Look(at, given, self._dims, mask)

    def chunks(self, rows: int) -> Iterator[Look]:
        """See `Gathered.chunks`."""
        sizes = torch.tensor(self.sizes)
        for part in torch.split(torch.arange(max(self.sizes, default=0)), rows):
            at = (sizes > (part[0] if len(part) else -1)).nonzero().flatten()
            mask = part[None, :] < sizes[at][:, None]
            device = self._pool.label.device
            own = torch.where(mask, part[None, :], 0)
            fields = self._fields((own + self._first[at][:, None]).to(device))
            whole = torch.ones(len(part), dtype=torch.bool, device=device)
            yield self._look(at, lambda value: value, fields, own.to(device), mask.to(device), whole)

    def flat(self, rows: int) -> Iterator[tuple[Batch, Tensor]]:
        """See `Gathered.flat`."""
        sizes = torch.tensor(self.sizes)
        whose = torch.arange(len(self.sizes)).repeat_interleave(sizes)
        own = torch.cat([torch.arange(size) for size in self.sizes])
        pool, device = self._pool, self._pool.label.device
        for at, index in zip(torch.split(whose, rows), torch.split(own, rows), strict=True):
            place = (index + self._first[at]).to(device)
            mask = torch.ones(len(place), dtype=torch.bool, device=device)
            x = {m: pool.values(m, place) for m in pool.modalities}
            present = {m: value[place] for m, value in pool.present.items()}
            yield Batch(x, present, pool.label[place], index.to(device), mask), at.to(device)


class CommonRows(Gathered):
    """Rows that all clients hold alike, the proxy set or the global test; in training each in an order of its own.

    Args:
        samples: the rows.
        clients: how many clients look.
    """

    def __init__(self, samples: Samples, clients: int) -> None:
        self._samples = replace(samples, x={m: filled(samples, m) for m in samples.modalities})
        self.sizes = [len(samples)] * clients

    def steps(self, plan: Plan, at: Tensor) -> Iterator[Look]:
        """See `Gathered.steps`."""
        everything = self._samples
        dims: dict[str, Any] = {"x": dict.fromkeys(everything.x, 0), "present": dict.fromkeys(everything.present, 0)}
        for step, (count, most) in enumerate(zip(plan.active, plan.longest, strict=True)):
            rows = plan.rows[step, :count, :most].to(everything.label.device)
            mask = plan.mask[step, :count, :most].to(everything.label.device)
            fields = {
                "x": {m: v[rows] for m, v in everything.x.items()},
                "present": {m: v[rows] for m, v in everything.present.items()},
                "label": everything.label[rows],
                "index": rows,
                "mask": mask,
            }
            yield Look(at[:count], fields, {**dims, "label": 0, "index": 0, "mask": 0}, mask)

    def chunks(self, rows: int) -> Iterator[Look]:
        """See `Gathered.chunks`."""
        for part in torch.split(torch.arange(len(self._samples), device=self._samples.label.device), rows):
            batch = self._samples.batch(part)
            fields = {"x": batch.x, "present": batch.present, "label": batch.label, "index": part, "mask": batch.mask}
            dims: dict[str, Any] = {"x": dict.fromkeys(batch.x), "present": dict.fromkeys(batch.present)}
            mask = batch.mask.expand(len(self.sizes), -1)
            everyone = torch.arange(len(self.sizes))
            yield Look(everyone, fields, {**dims, "label": None, "index": None, "mask": None}, mask)

    def flat(self, rows: int) -> Iterator[tuple[Batch, Tensor]]:
        """See `Gathered.flat`; every row is everyone's."""
        count, many = len(self._samples), len(self.sizes)
        device = self._samples.label.device
        for index in torch.split(torch.arange(count * many, device=device), rows):
            yield self._samples.batch(index % count), index // count
