"""The split autoencoder: two layers up, two layers down, every encoder answered by every decoder."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from counterpoint.data.modality import Modality
from counterpoint.data.samples import Batch
from counterpoint.models.autoencoders.layers import layer
from counterpoint.models.autoencoders.views import view_of


class SplitEncoder(nn.Module):
    """x -> h1 [rows, steps, first] -> h2 [rows, steps, second].

    Args:
        modality: whose samples it reads.
        first: width of the first layer.
        second: width of the second, the embedding.
        depth: layers upon one another that make up the first.
    """

    def __init__(self, modality: Modality, first: int, second: int, depth: int = 1) -> None:
        super().__init__()
        self.view = view_of(modality)
        self.one = layer(self.view.steps, self.view.width, first, orthogonal=True, depth=depth)
        self.two = layer(self.view.steps, first, second)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Both embeddings of samples of the modality's shape."""
        h1 = self.one(self.view(x))
        return h1, self.two(h1)


class SplitDecoder(nn.Module):
    """The embedding of a whole sample -> a modality's view, reversed in time: values in (-1, 1).

    Args:
        modality: whose samples it writes.
        first: width of its first layer.
        second: width of the embedding.
        depth: layers upon one another that make up its first.
    """

    def __init__(self, modality: Modality, first: int, second: int, depth: int = 1) -> None:
        super().__init__()
        view = view_of(modality)
        self.steps = view.steps
        self.one = layer(view.steps, second, first, orthogonal=True, depth=depth)
        self.two = layer(view.steps, first, view.width)

    def forward(self, code: Tensor) -> Tensor:
        """[rows, second] -> [rows, steps, width of the view]."""
        repeated = code[:, None].expand(-1, self.steps, -1)
        reconstruction: Tensor = self.two(self.one(repeated))
        return reconstruction


class SplitAutoencoder(nn.Module):
    """An encoder and a decoder a modality, and one classifier of embeddings.

    h1_m, h2_m = encoder_m(x_m). The code of a sample is h2_m at the last step; every decoder writes its modality from
    the code of any modality, so that embeddings of different senses have to say the same. The classifier is one linear
    layer on h2 at every step; the logits of a sample are the mean over steps of log-softmax, and of several modalities
    the mean over them.

    Where the server's network is another, with embeddings of the same widths, it has encoders and decoders of its own,
    which classify; else these are everyone's.

    Blocks: `encoder.NAME`, `decoder.NAME` a modality; `head`; where the server's are others, `server_encoder.NAME` and
    `server_decoder.NAME`.

    Args:
        modalities: by name.
        classes: how many.
        first: width of first layers, N.
        second: width of embeddings, r.
        server_depth: layers upon one another that make up the server's first layers; 1 if its network is everyone's.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], classes: int, first: int, second: int, server_depth: int = 1
    ) -> None:
        super().__init__()
        names = sorted(modalities)
        self._views = {m: view_of(modalities[m]) for m in names}
        self.encoder = nn.ModuleDict({m: SplitEncoder(modalities[m], first, second) for m in names})
        self.decoder = nn.ModuleDict({m: SplitDecoder(modalities[m], first, second) for m in names})
        self._apart = server_depth > 1
        if self._apart:
            depth = server_depth
            self.server_encoder = nn.ModuleDict({m: SplitEncoder(modalities[m], first, second, depth) for m in names})
            self.server_decoder = nn.ModuleDict({m: SplitDecoder(modalities[m], first, second, depth) for m in names})
        self.head = nn.Linear(second, classes)
        self.joint = nn.ModuleDict({"first": nn.Linear(first, first), "second": nn.Linear(second, second)})
        for part in self.joint.parameters():
            part.requires_grad_(False)

    def encode(
        self, batch: Batch, reads: Collection[str] | None = None, *, server: bool = True
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """h1 and h2 by modality of the batch, [rows, steps, width]; of a row that lacks it they mean nothing."""
        names = sorted(batch.x if reads is None else reads)
        encoders = self.server_encoder if server and self._apart else self.encoder
        return {m: encoders[m](_shown(batch.x[m], batch.present[m])) for m in names}

    def forward(self, batch: Batch) -> Tensor:
        """Logits [rows, classes]."""
        return self._mean(self._logits(self.encode(batch)), batch.present)

    def by_pattern(self, batch: Batch, patterns: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Logits [rows, classes] with only a pattern's modalities shown, by pattern."""
        logits = self._logits(self.encode(batch))
        return {
            name: self._mean({m: logits[m] for m in chosen}, {m: batch.present[m] for m in chosen})
            for name, chosen in patterns.items()
        }

    def parts(
        self,
        batch: Batch,
        *,
        reads: Collection[str] | None = None,
        writes: bool = False,
        others: bool = True,
        answers: bool = False,
        server: bool = False,
    ) -> dict[str, Any]:
        """What objectives look at.

        Args:
            batch: what to look at.
            reads: the modalities that are encoded; all of the batch where None.
            writes: whether decoders write.
            others: whether they write from the codes of other modalities than their own, too.
            answers: whether the classifier answers.
            server: whether the server's encoders and decoders are asked, where it has others than clients.

        Returns:
            `h1`, `h2`: by modality that is read, [rows, steps, width]. If the classifier answers, `logits`: likewise,
            [rows, classes]. If decoders write, `target`: by modality of the batch, its view reversed in time, [rows,
            steps, width of the view]; and `written`: likewise, what its decoder writes, [codes, rows, steps, width of
            the view], from the code of each modality that is read, in the order of `h1`, or from its own alone.
        """
        found = self.encode(batch, reads, server=server)
        parts: dict[str, Any] = {
            "h1": {m: h1 for m, (h1, _) in found.items()},
            "h2": {m: h2 for m, (_, h2) in found.items()},
        }
        if answers:
            parts["logits"] = self._logits(found)
        if writes:
            names = sorted(batch.x)
            decoders = self.server_decoder if server and self._apart else self.decoder
            parts["target"] = {m: self._views[m](_shown(batch.x[m], batch.present[m])).flip(1) for m in names}
            codes = {m: h2[:, -1] for m, (_, h2) in found.items()}
            every = torch.stack(list(codes.values()))
            parts["written"] = {
                m: _in_one(decoders[m], every if others else codes[m][None])
                for m in (names if others else [m for m in names if m in codes])
            }
        return parts

    def _logits(self, found: Mapping[str, tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        return {m: self.head(h2).log_softmax(2).mean(1) for m, (_, h2) in found.items()}

    def _mean(self, logits: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """The mean over the modalities that a row has."""
        total = torch.zeros_like(next(iter(logits.values())))
        for m in sorted(logits):
            total = total + torch.where(present[m][:, None], logits[m], 0.0)
        return total / torch.stack([present[m] for m in sorted(logits)]).sum(0).clamp(min=1)[:, None]


def _shown(values: Tensor, present: Tensor) -> Tensor:
    """The values, and zeros, whatever is written there, in rows that lack the modality."""
    return torch.where(present.view(-1, *[1] * (values.dim() - 1)), values, 0.0)


def _in_one(decoder: nn.Module, codes: Tensor) -> Tensor:
    """What is written from several codes of each row, [codes, rows, ...], at once."""
    written: Tensor = decoder(codes.flatten(0, 1))
    return written.reshape(*codes.shape[:2], *written.shape[1:])
