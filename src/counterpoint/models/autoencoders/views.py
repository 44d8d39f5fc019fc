"""A modality's sample as a sequence of vectors of moderate size: what an autoencoder reads and writes."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from counterpoint.data.modality import Kind, Modality
from counterpoint.models.encoders.logmel import AudioLogMel

BITS = 8


class View(nn.Module):
    """A fixed map from samples to sequences.

    Attributes:
        steps: how many there are.
        width: of a vector.
    """

    steps: int
    width: int

    def __call__(self, x: Tensor) -> Tensor:
        """Sequences [rows, steps, width] of samples [rows, *shape]."""
        view: Tensor = super().__call__(x)
        return view


class SequenceView(View):
    """asinh(x), steps first: usual values nearly as they are, far ones taken in. [rows, channels, steps]."""

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        self.width, self.steps = modality.shape

    def forward(self, x: Tensor) -> Tensor:
        """[rows, steps, channels]."""
        return x.asinh().transpose(1, 2)


class TableView(View):
    """asinh(x), 0 where missing, beside 1 where missing, else 0: one step. [rows, columns]."""

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        self.width, self.steps = 2 * modality.shape[0], 1

    def forward(self, x: Tensor) -> Tensor:
        """[rows, 1, 2 columns]."""
        missing = x.isnan()
        known = torch.where(missing, 0.0, x).asinh()
        return torch.cat([known, missing.to(x.dtype)], 1)[:, None]


class ImageView(View):
    """A picture's lines from top to bottom, from -1 to 1. [rows, channels, height, width] from 0 to 1."""

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        channels, self.steps, columns = modality.shape
        self.width = channels * columns

    def forward(self, x: Tensor) -> Tensor:
        """[rows, height, channels * width]."""
        return 2 * x.transpose(1, 2).flatten(2) - 1


class TextView(View):
    """The eight bits of each byte, -1 or 1, the lowest first. [rows, bytes] from 0 to 255."""

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        self.width, self.steps = BITS, modality.shape[0]

    def forward(self, x: Tensor) -> Tensor:
        """[rows, bytes, 8]."""
        places = 2.0 ** torch.arange(BITS, device=x.device)
        return 2 * ((x[:, :, None] / places).floor() % 2) - 1


class AudioView(View):
    """The log-mel spectrogram of `AudioLogMel`, halved, so that most values are between -1 and 1. [rows, samples]."""

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        self._spectrogram = AudioLogMel(modality.shape[0], modality.rate, 1).spectrogram
        with torch.no_grad():
            self.width, self.steps = self._spectrogram(torch.zeros(1, modality.shape[0])).shape[1:]

    def forward(self, x: Tensor) -> Tensor:
        """[rows, windows, bands]."""
        return self._spectrogram(x).transpose(1, 2) / 2


_VIEWS: dict[Kind, Callable[[Modality], View]] = {
    "sequence": SequenceView,
    "table": TableView,
    "image": ImageView,
    "text": TextView,
    "audio": AudioView,
}


def view_of(modality: Modality) -> View:
    """The view of a modality by its kind."""
    return _VIEWS[modality.kind](modality)
