"""An encoder for sound: its log-mel spectrogram, seen as a picture."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from counterpoint.errors import UserError
from counterpoint.models.encoders.cnn2d import PlaneCNN
from counterpoint.models.encoders.mel import mel_bank

WINDOW, HOP = 0.064, 0.032
"""Seconds."""
BANDS = 40
FLOOR = 1e-7
"""Of power, where a tone of full scale has 1: 70 dB below it nothing is heard."""


class AudioLogMel(nn.Module):
    """Log-mel spectrogram of a clip -> `PlaneCNN`: [rows, samples] -> [rows, width].

    What is computed from a waveform has no parameters. Window and filters are plain attributes: buffers would be taken
    for statistics that training moves, and keep clients from being stacked.

    Args:
        samples: of a clip. One that is shorter than a window is filled up with zeros.
        rate: samples a second.
        width: of the embedding.

    Raises:
        UserError: there is no rate.
    """

    def __init__(self, samples: int, rate: float, width: int) -> None:
        super().__init__()
        if round(HOP * rate) < 1:
            raise UserError(f"sound at {rate:g} samples a second has no spectrum: give its modality the rate it has")
        self.window, self.hop = round(WINDOW * rate), round(HOP * rate)
        self.size = 1 << (self.window - 1).bit_length()
        self.filled = max(0, self.window - samples)
        hann = torch.hann_window(self.window)
        self.hann = 2 * hann / hann.sum()
        self.bank = mel_bank(self.size // 2 + 1, rate, BANDS)
        self.body = PlaneCNN(1, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, samples] -> [rows, width]."""
        embedding: Tensor = self.body(self.spectrogram(x)[:, None])
        return embedding

    def spectrogram(self, x: Tensor) -> Tensor:
        """Log-mel spectrogram, [rows, bands, windows], of mean 0 and variance 1 in each clip; 0 for silence.

        Windows of 64 ms, one every 32 ms -> Hann -> zeros up to a power of two -> power of the Fourier transform -> mel
        bands -> log(power + floor) -> normalised.

        Args:
            x: [rows, samples].
        """
        windows = functional.pad(x, (0, self.filled)).unfold(1, self.window, self.hop) * self.hann.to(x.device)
        power = torch.view_as_real(torch.fft.rfft(windows, self.size)).square().sum(-1)
        loudness = (power @ self.bank.to(x.device) + FLOOR).log().transpose(1, 2)
        centred = loudness - loudness.mean((1, 2), keepdim=True)
        return centred / centred.square().mean((1, 2), keepdim=True).sqrt().clamp(min=1e-3)
