"""Weak pooled baselines on the splits of our results: `python -m benchmarks.weak` writes benchmarks/weak.json.

Features that need no training, a linear model on them (trees for the tables of `support2`): what a pooled network has
to reach. Each modality alone, and all of them side by side; fitted on all clients' training rows, scored on the global
test. The spread is that of the score if the units of the test (people, emoji, stamps, patients) are drawn again, with
replacement: how much of it is the luck of who is held out.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from counterpoint.data import Population, concatenate, populate, prepared
from counterpoint.data.modality import Modality
from counterpoint.data.text import unspell
from counterpoint.models.encoders.logmel import AudioLogMel

OUT = Path(__file__).parent / "weak.json"
SETS = {
    "watch": "natural",
    "mfeat": "dirichlet:0.5",
    "support2": "natural",
    "emoji": "dirichlet:0.5",
    "tuxpaint": "natural",
    "openclipart": "natural",
    "fashion-halves": "dirichlet:0.5",
}
MOST = 20_000
"""Training rows that are used at most, drawn at random: a linear model learns little from more."""
Array = NDArray[np.float64]


def main() -> None:
    """Measure all sets, and write them."""
    found = {name: measured(name, partition) for name, partition in SETS.items()}
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measured(name: str, partition: str) -> dict[str, dict[str, float]]:
    """Score and spread of each modality and of all, `+` between names: accuracy, of two classes AUC."""
    population = populate(prepared(name), partition=partition)
    shapes = {m: modality.shape for m, modality in population.modalities.items()}
    train = concatenate([client.train for client in population.clients], shapes)
    if len(train) > MOST:
        train = train.rows(population.test.label.new_tensor(np.random.default_rng(0).permutation(len(train))[:MOST]))
    parts = {}
    for m in sorted(population.modalities):
        both = (features(population.modalities[m], samples.x[m].numpy()) for samples in (train, population.test))
        parts[m] = reduced(population.modalities[m], *both)
    label, wanted, unit = train.label.numpy(), population.test.label.numpy(), population.test.unit.numpy()
    found = {}
    for names in [tuple(parts), *((m,) for m in parts)]:
        x, y = (np.hstack([parts[m][side] for m in names]) for side in (0, 1))
        score = scorer(population, x, label, y, wanted)
        told = {"score": score(np.arange(len(wanted))), "spread": spread(score, unit)}
        found["+".join(names)] = told
        print(name, "+".join(names), f"{100 * told['score']:.1f} ± {100 * told['spread']:.1f}", flush=True)
    return found


def scorer(population: Population, x: Array, label: Array, y: Array, wanted: Array) -> Callable[[Array], float]:
    """Rows of y -> what a model fitted on x reaches on them."""
    if len(population.task.classes) == 2:
        trees = HistGradientBoostingClassifier(random_state=0).fit(x, label)
        chance = trees.predict_proba(y)[:, 1]
        return lambda rows: float(roc_auc_score(wanted[rows], chance[rows]))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    right = model.fit(x, label).predict(y) == wanted
    return lambda rows: float(right[rows].mean())


def spread(score: Callable[[Array], float], unit: Array, times: int = 200) -> float:
    """Standard deviation of a score over tests whose units are drawn again with replacement."""
    units, of_row = np.unique(unit, return_inverse=True)
    rows = np.argsort(of_row, kind="stable")
    parts = np.split(rows, np.cumsum(np.bincount(of_row))[:-1])
    source = np.random.default_rng(0)
    drawn = (source.integers(len(units), size=len(units)) for _ in range(times))
    return float(np.std([score(np.concatenate([parts[i] for i in chosen])) for chosen in drawn], ddof=1))


def features(modality: Modality, x: Array) -> Array | list[str]:
    """What is computed of each row without training."""
    if modality.kind == "image":
        return np.hstack([gradients(x), thumbnail(x)])
    if modality.kind == "text":
        return [unspell(row) for row in torch.from_numpy(x)]
    if modality.kind == "audio":
        return sound(modality, x)
    flat = x.reshape(len(x), -1)
    if modality.kind == "sequence":
        spectrum = np.abs(np.fft.rfft(x, axis=-1))[..., 1:32].reshape(len(x), -1)
        return np.hstack([flat, spectrum, x.mean(-1), x.std(-1), x.min(-1), x.max(-1)])
    return flat


def reduced(modality: Modality, train: Array | list[str], test: Array | list[str]) -> tuple[Array, Array]:
    """To at most 150 numbers, by what is seen in training; a table with gaps is left as it is, for trees."""
    if modality.kind == "text":
        words = TfidfVectorizer(sublinear_tf=True)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, max_features=50_000)
        steps = make_pipeline(FeatureUnion([("words", words), ("letters", letters)]), TruncatedSVD(150, random_state=0))
    elif isinstance(train, np.ndarray) and np.isnan(train).any():
        return train, np.asarray(test)
    else:
        most = min(100, *np.shape(train))
        steps = make_pipeline(StandardScaler(), PCA(most, random_state=0))
    return steps.fit_transform(train), steps.transform(test)


def gradients(x: Array) -> Array:
    """Histograms of 9 directions of the grey gradient in cells of a sixth of the width, each of length 1."""
    grey = x.mean(1)
    down, right = np.gradient(grey, axis=(1, 2))
    size, bins = np.hypot(down, right), ((np.arctan2(down, right) % np.pi) / np.pi * 9).astype(int) % 9
    rows, columns = (max(1, n // 6) for n in grey.shape[1:])
    found = []
    for i in range(0, rows * (grey.shape[1] // rows), rows):
        for j in range(0, columns * (grey.shape[2] // columns), columns):
            here, which = size[:, i : i + rows, j : j + columns], bins[:, i : i + rows, j : j + columns]
            cell = np.stack([(here * (which == b)).sum((1, 2)) for b in range(9)], 1)
            found.append(cell / np.maximum(np.linalg.norm(cell, axis=1, keepdims=True), 1e-3))
    return np.hstack(found)


def thumbnail(x: Array) -> Array:
    """The picture as 8 by 8 colours, or fewer where it is smaller."""
    high, wide = (max(1, n // 8) for n in x.shape[2:])
    cut = x[:, :, : high * (x.shape[2] // high), : wide * (x.shape[3] // wide)]
    n, c, h, w = cut.shape
    return cut.reshape(n, c, h // high, high, w // wide, wide).mean((3, 5)).reshape(n, -1)


def sound(modality: Modality, x: Array) -> Array:
    """The log-mel spectrogram at 20 times, and each band's mean and spread."""
    assert modality.rate is not None
    bank = AudioLogMel(x.shape[1], modality.rate, 8)
    with torch.no_grad():
        bands = torch.cat([bank.spectrogram(part) for part in torch.from_numpy(x).float().split(500)])
        fixed = torch.nn.functional.adaptive_avg_pool1d(bands, 20)
    return np.hstack([fixed.flatten(1).numpy(), bands.mean(2).numpy(), bands.std(2).numpy()])


if __name__ == "__main__":
    main()
