"""Every ready encoder in a stack of unequal clients that lack modalities gives what the loop gives."""

from pathlib import Path

import numpy as np
import pytest
import torch

import counterpoint
from counterpoint import Population

ROWS, CLASSES = 150, 3


def people() -> Population:
    """Unequal clients with a modality of every kind; some rows, and some clients, lack some."""
    source = np.random.default_rng(3)
    label = source.integers(0, CLASSES, ROWS)
    shift = label[:, None]
    table = source.normal(size=(ROWS, 4)) + shift
    table[source.random(table.shape) < 0.2] = np.nan
    x = {
        "motion": source.normal(size=(ROWS, 2, 20)) + shift[:, :, None],
        "photo": np.clip(0.3 * source.random((ROWS, 3, 12, 12)) + 0.3 * shift[:, :, None, None], 0, 1),
        "voice": 0.3 * np.sin((1 + shift) * np.arange(600) / 9) + 0.05 * source.normal(size=(ROWS, 600)),
        "note": [f"{('small', 'middling', 'large')[one]} thing {i % 7}" for i, one in enumerate(label)],
        "vitals": table,
    }
    return Population.from_arrays(
        x,
        label,
        kinds={"voice": "audio"},
        rates={"voice": 1200},
        partition="dirichlet:0.8+quantity:0.7",
        clients=5,
        missing="sample:0.3",
    )


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["auto", "note:transformer,motion:gru"])
@pytest.mark.parametrize("settings", [{}, {"train.momentum": 0.9}], ids=["sgd", "momentum"])
def test_a_round_of_stacks_is_that_of_the_loop(tmp_path: Path, encoder: str, settings: dict[str, float]):
    data = people()
    assert len({len(client.train) for client in data.clients}) > 2
    assert all(sum(bool(there.all()) for there in client.train.present.values()) < 5 for client in data.clients)
    given = {"rounds": 1, "lr": 0.02, "batch_size": 8, "epochs": 1}
    chosen = {"model.encoder": encoder, "model.width": 16, **settings}
    results = [
        counterpoint.run("fedavg", data, out=tmp_path / name, settings=chosen, **given, **engine).weights()
        for name, engine in {
            "sequential": {"engine": "sequential"},
            "stacked": {"engine": "stacked", "stack": 8, "workers": 1},
        }.items()
    ]
    for name, value in results[0].items():
        assert torch.allclose(value, results[1][name], atol=1e-5), name
    assert "one at a time" not in (tmp_path / "stacked/log.txt").read_text(encoding="utf-8")
