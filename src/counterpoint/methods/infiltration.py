"""Who teaches whom, and at which temperature: what FedCMI computes of its clients once a round."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from counterpoint.exchange.layout import Tensors

SMALLEST = 1e-12
"""Of a mean probability, where it stands below a fraction."""


def pair(teacher: str, student: str) -> str:
    """The name of a direction."""
    return f"{teacher}>{student}"


def confidences(logits: Mapping[str, Tensor], label: Tensor, present: Mapping[str, Tensor]) -> Tensors:
    """By row, what sums up to P_m[c], the mean probability of the true class over the rows of a class.

    Args:
        logits: of each modality, [rows, classes].
        label: int64 [rows].
        present: of each modality, bool [rows].

    Returns:
        Under `sum.NAME` the probability of the true class in the column of that class, under `count.NAME` a one there;
        [rows, classes], zeros in rows that lack the modality.
    """
    found: Tensors = {}
    for m, values in logits.items():
        true = torch.nn.functional.one_hot(label, values.shape[1]).double() * present[m][:, None]
        found[f"sum.{m}"] = values.double().softmax(1) * true
        found[f"count.{m}"] = true
    return found


def means(sums: Mapping[str, Tensor], names: Sequence[str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """P_m [classes], and which classes the modality was seen in, bool [classes], of summed `confidences`."""
    count = {m: sums[f"count.{m}"] for m in names}
    return {m: sums[f"sum.{m}"] / count[m].clamp(min=1) for m in names}, {m: count[m] > 0 for m in names}


def ratios(first: Tensor, second: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """r_c = P_first[c] / P_second[c] over seen classes (1 elsewhere), and their mean (1 where none was seen)."""
    found = torch.where(seen, first / second.clamp(min=SMALLEST), 1.0)
    return found, torch.where(seen.any(), (found * seen).sum() / seen.sum().clamp(min=1), 1.0)


def class_temperatures(excess: Tensor, sharpness: float, base: float) -> Tensor:
    """T_c = base / (1 + b ln(excess_c)) where excess_c > 1, else base.

    Args:
        excess: by how much a class is more imbalanced than the mean: r_c / rbar, or rbar / r_c.
        sharpness: b.
        base: temperature of classes that are not.
    """
    return base / (1 + sharpness * excess.clamp(min=1).log())


def directions(sums: Mapping[str, Tensor], names: Sequence[str], sharpness: float, base: float) -> Tensors:
    """Who dominates on a client, and the temperatures of each direction.

    Of two modalities a, v in order of their names: r_c = P_a[c] / P_v[c]; a dominates where the mean rbar of r_c over
    seen classes is above 1. Where a teaches v, T_c = base / (1 + b ln(r_c / rbar)) if r_c > rbar; where v teaches a,
    T_c = base / (1 + b ln(rbar / r_c)) if r_c < rbar; else base. (As the authors' code has it: the mean of ratios is
    inverted, not the ratios, so that names exchanged do not give mirror images.)

    Of more: the one whose P_m has the largest mean over the classes it was seen in dominates; for each student m of a
    teacher D, r_c = P_D[c] / P_m[c] takes the place of P_a[c] / P_v[c].

    Args:
        sums: of `confidences` over the client's rows.
        names: of the modalities that the client owns, sorted.
        sharpness: b.
        base: temperature of classes that are not more imbalanced than the mean.

    Returns:
        `dominant`: [modalities], one for the one that dominates, zeros; `T.TEACHER>STUDENT`: [classes].
    """
    p, seen = means(sums, names)
    found: Tensors = {}
    for teacher in names:
        for student in names:
            if teacher == student:
                continue
            both = seen[teacher] & seen[student]
            if len(names) == 2 and teacher > student:
                r, mean = ratios(p[student], p[teacher], both)
                excess = torch.where(both, mean / r.clamp(min=SMALLEST), 1.0)
            else:
                r, mean = ratios(p[teacher], p[student], both)
                excess = torch.where(both, r / mean.clamp(min=SMALLEST), 1.0)
            found[f"T.{pair(teacher, student)}"] = class_temperatures(excess, sharpness, base).float()
    found["dominant"] = dominant(p, seen, names).float()
    return found


def dominant(p: Mapping[str, Tensor], seen: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    """[modalities], one for the one that dominates; see `directions`."""
    if len(names) == 2:
        a, v = names
        _, mean = ratios(p[a], p[v], seen[a] & seen[v])
        return torch.stack([mean > 1, mean <= 1])
    score = torch.stack([(p[m] * seen[m]).sum() / seen[m].sum().clamp(min=1) for m in names])
    return torch.nn.functional.one_hot(score.argmax(), len(names))


def dominant_of_batch(logits: Mapping[str, Tensor], label: Tensor, counts: Tensor, names: Sequence[str]) -> Tensor:
    """[modalities], one for the one whose summed probability of the true class over the batch is largest.

    Of two, the second by name dominates where they are equal, as where rho = sum_a / sum_v is not above 1.

    Args:
        logits: of each modality, [rows, classes].
        label: int64 [rows].
        counts: bool [rows].
        names: sorted.
    """
    sums = [
        (logits[m].detach().softmax(1).gather(1, label[:, None]).squeeze(1) * counts).sum() for m in reversed(names)
    ]
    return torch.nn.functional.one_hot(torch.stack(sums).argmax(), len(names)).flip(0)
