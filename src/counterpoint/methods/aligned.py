"""How well a space aligns modalities: numbers out of embeddings."""

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

import torch
from torch import Tensor

from counterpoint.evaluate import OBSERVED, probe
from counterpoint.evaluate.geometry import alignment, modality_gap, uniformity
from counterpoint.evaluate.retrieval import retrieval
from counterpoint.evaluate.scores import Tally, tally_rows
from counterpoint.exchange.layout import Tensors
from counterpoint.randomness import generator

SHARES = (0.01, 0.1, 1.0)
"""Of the training rows' labels, for linear probes."""
PENALTY = 1e-3
"""L2 term of probes, see `probe.fit`."""

Scores = dict[tuple[str, str], float]
"""By measure and pattern."""


def batch_hits(a: Tensor, b: Tensor, counts: Tensor, content: Tensor | None = None) -> Tensor:
    """How often the nearest row of a batch is a right one, both directions together, [rows] from 0 to 1.

    Of several that are nearest alike one is taken by chance: the share of right ones among them counts. Nothing depends
    on sizes of data, so that it can be batched over clients.

    Args:
        a: embeddings of length 1, [rows, size].
        b: of the other modality, likewise.
        counts: bool [rows], rows that have both.
        content: [rows, ...], equal where rows say the same, so that any of these is right; None where all differ.
    """
    s = a @ b.T
    right = torch.eye(len(a), dtype=torch.bool, device=a.device)
    if content is not None:
        flat = content.flatten(1)
        right = right | (flat[:, None] == flat[None]).all(2)
    candidates = counts[:, None] & counts[None]
    both = [_hits(torch.where(candidates, s, -2.0), right), _hits(torch.where(candidates, s.T, -2.0), right)]
    return torch.where(counts, (both[0] + both[1]) / 2, 0.0)


def _hits(s: Tensor, right: Tensor) -> Tensor:
    nearest = s >= s.amax(1, keepdim=True) - 1e-6
    return (nearest & right).sum(1) / nearest.sum(1)


def space_scores(test: Tensors, pool: Tensors | None, modalities: Sequence[str], text: str) -> Scores:
    """Retrieval, geometry and, where there is a pool, linear probes.

    Args:
        test: of the global test, `z/NAME` [rows, size], `present/NAME` and `label`; `content`, what the text says.
        pool: of rows that probes learn from.
        modalities: of the model.
        text: name of the text.
    """
    found = _retrieval(test, modalities, text)
    for m in modalities:
        _put(found, "uniformity", m, uniformity(test[f"z/{m}"][test[f"present/{m}"]]))
    if pool is not None:
        found |= _probes(pool, test, modalities)
    return found


def _put(found: Scores, measure: str, pattern: str, value: float | None) -> None:
    if value is not None:
        found[measure, pattern] = value


def _retrieval(test: Tensors, modalities: Sequence[str], text: str) -> Scores:
    found: Scores = {}
    for a, b in combinations(modalities, 2):
        both = test[f"present/{a}"] & test[f"present/{b}"]
        x, y = test[f"z/{a}"][both], test[f"z/{b}"][both]
        groups = None
        if text in (a, b) and "content" in test and len(x):
            groups = torch.unique(test["content"][both], dim=0, return_inverse=True)[1]
        for pattern, scores in zip((f"{a}>{b}", f"{b}>{a}"), retrieval(x, y, groups), strict=True):
            found |= {(measure, pattern): value for measure, value in scores.items()}
        _put(found, "alignment", f"{a}+{b}", alignment(x, y))
        _put(found, "modality_gap", f"{a}+{b}", modality_gap(x, y))
    directed = {measure for measure, pattern in found if ">" in pattern}
    for measure in directed:
        found[measure, OBSERVED] = fmean(v for (m, pattern), v in found.items() if m == measure and ">" in pattern)
    return found


def _probes(pool: Tensors, test: Tensors, modalities: Sequence[str]) -> Scores:
    """Of each modality's embeddings, and of all side by side of rows that have all."""
    found: Scores = {}
    patterns = [(m,) for m in modalities] + [tuple(modalities)]
    classes = int(test["label"].max()) + 1 if len(test["label"]) else 0
    for pattern in patterns:
        (x, label), (y, truth) = (_shown(rows, pattern) for rows in (pool, test))
        if not len(x) or not len(y):
            continue
        for share in SHARES:
            few = probe.labelled_share(label, share, generator(0, "probe", f"{share:g}"))
            fitted = probe.fit(x[few], label[few], max(classes, int(label.max()) + 1), PENALTY)
            rows = tally_rows(probe.predict(fitted, y), truth, torch.ones_like(truth, dtype=torch.bool))
            cells = rows["confusion"].sum(0)
            size = round(cells.numel() ** 0.5)
            scores = Tally(cells.reshape(size, size), rows["loss"].sum(0), None).scores()
            for measure in ("accuracy", "macro_f1"):
                found[f"probe_{measure}[{share:g}]", "+".join(pattern)] = scores[measure]
    return found


def _shown(rows: Tensors, pattern: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Features and labels of labelled rows that have the pattern's modalities."""
    there = torch.stack([rows[f"present/{m}"] for m in pattern]).all(0) & (rows["label"] >= 0)
    return torch.cat([rows[f"z/{m}"][there] for m in pattern], 1).double(), rows["label"][there]
