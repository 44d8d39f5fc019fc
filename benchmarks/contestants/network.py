"""The networks, as plain PyTorch. Every contestant starts from the same weights."""

import torch
from torch import Tensor, nn

from benchmarks.contestants.job import Data, Job, Rows

WIDTH = 64


class TwoSensors(nn.Module):
    """An encoder a modality, relu of a linear layer on the mean of the embeddings, a classifier.

    The layers are those of Counterpoint's own late fusion; masks of presence are left out, for all is present.
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]], encoder: str, classes: int) -> None:
        from counterpoint.data import Modality
        from counterpoint.models.encoders import build_encoder

        super().__init__()
        kinds = {name: Modality(name, "sequence", shape) for name, shape in sorted(shapes.items())}
        self.encoder = nn.ModuleDict({name: build_encoder(encoder, m, WIDTH) for name, m in kinds.items()})
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, classes)

    def forward(self, x: Rows) -> Tensor:
        """[rows, classes]."""
        total = sum((encoder(x[name]) for name, encoder in self.encoder.items()), torch.zeros(()))
        answer: Tensor = self.head(torch.relu(self.mix(total / len(self.encoder))))
        return answer


def flat(model: str) -> nn.Module:
    """A network on digits: values [rows, 64] -> logits [rows, 10]."""
    torch.manual_seed(0)
    if model == "linear":
        return nn.Linear(64, 10)
    return nn.Sequential(nn.Linear(64, 200), nn.ReLU(), nn.Linear(200, 10))


def autoencoder(data: Data) -> nn.Module:
    """An LSTM autoencoder a modality, the layers of Counterpoint's own; called with a `Batch` by its `parts`."""
    from counterpoint.data import Modality
    from counterpoint.models.autoencoders import SplitAutoencoder

    kinds = {name: Modality(name, "sequence", tuple(values.shape[1:])) for name, values in sorted(data.x.items())}
    return SplitAutoencoder(kinds, int(data.label.max()) + 1, 32, 10)


def network(job: Job, data: Data) -> nn.Module:
    """The network of a job; of those on digits, values alone go in, of the others values by modality."""
    if job.model in {"mlp", "linear"}:
        return flat(job.model)
    torch.manual_seed(0)
    if job.model == "lstm":
        return autoencoder(data)
    shapes = {name: tuple(values.shape[1:]) for name, values in data.x.items()}
    return TwoSensors(shapes, job.model, int(data.label.max()) + 1)
