"""Late fusion: embeddings of any number of modalities become one."""

from collections.abc import Collection, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from counterpoint.data.samples import Batch
from counterpoint.models.present import encode_present

FusionKind = Literal["mean", "concat"]


class MeanFusion(nn.Module):
    """relu(W z + b) with z the mean of the present modalities' embeddings.

    z = sum_m p_m z_m / sum_m p_m, so that a missing modality neither changes nor dilutes what the others say.
    """

    def __init__(self, modalities: Collection[str], width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(width, width)

    def forward(self, embeddings: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """[rows, width] from embeddings [rows, width] and masks [rows] by modality."""
        names = sorted(embeddings)
        total = torch.zeros_like(embeddings[names[0]])
        for m in names:  # one after another: the order in which `sum` adds depends on how many there are
            total = total + torch.where(present[m][:, None], embeddings[m], 0.0)
        count = torch.stack([present[m] for m in names]).sum(0).clamp(min=1)
        return torch.relu(self.mix(total / count[:, None]))


class ConcatFusion(nn.Module):
    """relu(W [z_1; ...; z_M] + b) over all modalities of the population by name, zeros where one is absent."""

    def __init__(self, modalities: Collection[str], width: int) -> None:
        super().__init__()
        self.names = sorted(modalities)
        self.mix = nn.Linear(width * len(self.names), width)

    def forward(self, embeddings: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """[rows, width] from embeddings [rows, width] and masks [rows] by modality."""
        empty = torch.zeros_like(next(iter(embeddings.values())))
        parts = [torch.where(present[m][:, None], embeddings[m], 0.0) if m in embeddings else empty for m in self.names]
        return torch.relu(self.mix(torch.cat(parts, 1)))


FUSIONS: dict[str, type[MeanFusion] | type[ConcatFusion]] = {"mean": MeanFusion, "concat": ConcatFusion}


class LateFusion(nn.Module):
    """An encoder a modality, a fusion of their embeddings, a head on the fused one.

    Blocks: `encoder.NAME` a modality, `fusion`, `head`.

    Args:
        encoders: by modality, each [rows, *shape] -> [rows, width].
        fusion: embeddings and masks by modality -> [rows, width].
        head: [rows, width] -> [rows, classes].
        width: of an embedding.
        dropout: share of the values of each embedding, and of the fused one, that a training step leaves out.
    """

    def __init__(
        self, encoders: Mapping[str, nn.Module], fusion: nn.Module, head: nn.Module, width: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({m: encoders[m] for m in sorted(encoders)})
        self.fusion = fusion
        self.head = head
        self.width = width
        self.drop = nn.Dropout(dropout) if dropout else nn.Identity()

    def encode(self, batch: Batch) -> dict[str, Tensor]:
        """Embeddings [rows, width] of the batch's modalities, zeros where absent."""
        return {m: encode_present(self.encoder[m], batch.x[m], batch.present[m], self.width) for m in sorted(batch.x)}

    def forward(self, batch: Batch) -> Tensor:
        """Logits [rows, classes]."""
        return self._answer(self.encode(batch), batch.present)

    def parts(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        """Logits and what they are made of.

        Returns:
            `out`: under `fused`, logits [rows, classes]; `embedding`: by modality, [rows, width].
        """
        found = self.encode(batch)
        return {"out": {"fused": self._answer(found, batch.present)}, "embedding": found}

    def by_pattern(self, batch: Batch, patterns: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Logits [rows, classes] with only a pattern's modalities shown, by pattern."""
        found = self.encode(batch)
        return {
            name: self._answer({m: found[m] for m in chosen}, {m: batch.present[m] for m in chosen})
            for name, chosen in patterns.items()
        }

    def _answer(self, embeddings: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        kept = {m: self.drop(embedding) for m, embedding in embeddings.items()}
        logits: Tensor = self.head(self.drop(self.fusion(kept, present)))
        return logits
