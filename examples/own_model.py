"""A model and a population of one's own, from Python: two hand-made sensors, three clients, one without the second.

python examples/own_model.py
"""

import torch
from torch import Tensor, nn

import counterpoint
from counterpoint import Batch, ClientData, Modality, Population, Samples, Task
from counterpoint.data import Card

MODALITIES = {"pulse": Modality("pulse", "table", (4,)), "motion": Modality("motion", "table", (8,))}
TASK = Task(("rest", "walk", "run"))


def samples(rows: int, seed: int, modalities: tuple[str, ...]) -> Samples:
    """Rows whose class shifts the mean of every modality."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(3, (rows,), generator=generator)
    x = {m: torch.randn(rows, *MODALITIES[m].shape, generator=generator) + label[:, None] for m in modalities}
    return Samples(x, {m: torch.ones(rows, dtype=torch.bool) for m in modalities}, label, torch.arange(rows))


class SumOfScores(nn.Module):
    """Each modality votes with its own linear scores; a modality that is missing does not vote."""

    def __init__(self, modalities: dict[str, Modality], task: Task) -> None:
        super().__init__()
        classes = len(task.classes)
        # A ModuleDict with the modalities' names: its members become blocks that only owners hold and send.
        self.vote = nn.ModuleDict({m: nn.Linear(spec.shape[0], classes) for m, spec in sorted(modalities.items())})

    def forward(self, batch: Batch) -> Tensor:
        """Logits [rows, classes]."""
        votes = [
            torch.where(batch.present[m][:, None], self.vote[m](batch.x[m].nan_to_num()), 0.0) for m in sorted(batch.x)
        ]
        return torch.stack(votes).sum(0)


def main(out: str = "runs/own-model") -> None:
    """Train FedAvg and print what each set of senses is worth."""
    owned = (("pulse", "motion"), ("pulse", "motion"), ("pulse",))
    clients = tuple(
        ClientData(i, f"person {i}", samples(60, 2 * i, senses), samples(30, 2 * i + 1, senses))
        for i, senses in enumerate(owned)
    )
    card = Card("hand-made", "drawn here", "drawn", "none", "none", {"rows": 270}, "by person")
    test = samples(200, 99, ("pulse", "motion"))
    population = Population("hand-made", TASK, MODALITIES, clients, test, card)
    result = counterpoint.run("fedavg", population, model=SumOfScores, rounds=5, out=out)
    for pattern in ("motion+pulse", "motion", "pulse"):
        print(f"{pattern:13} {result.value('accuracy', scope='server', pattern=pattern):.3f}")


if __name__ == "__main__":
    main()
