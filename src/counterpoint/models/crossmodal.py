"""FedCMI's network: two projections of each modality, one of its own knowledge and one of another's."""

from collections.abc import Collection, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from counterpoint.data.samples import Batch
from counterpoint.models.present import encode_present
from counterpoint.models.slots import SLOTS, SlotKind

ProjectorKind = Literal["mlp", "linear"]
Parts = dict[str, dict[str, Tensor]]


def projector(kind: ProjectorKind, width: int, depth: int) -> nn.Module:
    """[rows, width] -> [rows, width]: one linear layer, or so many with ReLU between them."""
    if kind == "linear":
        return nn.Linear(width, width)
    layers: list[nn.Module] = [nn.Linear(width, width)]
    for _ in range(depth - 1):
        layers += [nn.ReLU(), nn.Linear(width, width)]
    return nn.Sequential(*layers)


class CrossModal(nn.Module):
    """Encoders E_m, self projectors S_m, infiltration projectors I_m, classifiers W_m, and a fusion F.

    z_m = E_m(x_m); s_m = S_m(z_m); i_m = I_m(z_m). W_m is one classifier, applied to both: it forces them into one
    space of labels. The fused logits are F(slots), where the slot of a modality holds s_m if the sample has it, else
    the mean of i over the modalities that it has: of two modalities, F(s_a, i_a) where only a is there.

    Blocks: `encoder.NAME`, `project.NAME`, `infiltrate.NAME`, `classify.NAME` a modality; `fusion`.

    Linear layers beyond the encoders begin with Xavier's normal weights and zero biases.

    Args:
        encoders: by modality, each [rows, *shape] -> [rows, width].
        width: of an embedding, and of projections.
        classes: how many.
        kind: of projectors.
        depth: linear layers of a projector of kind `mlp`.
        fusion: F.
        infiltrates: whether there are I_m; s takes the place of i where not.
        dropout: share of the values of embeddings z that a training step leaves out.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        width: int,
        classes: int,
        *,
        kind: ProjectorKind = "mlp",
        depth: int = 3,
        fusion: SlotKind = "concat",
        infiltrates: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        names = sorted(encoders)
        self.encoder = nn.ModuleDict({m: encoders[m] for m in names})
        self.project = nn.ModuleDict({m: projector(kind, width, depth) for m in names})
        self.infiltrate = nn.ModuleDict({m: projector(kind, width, depth) for m in names} if infiltrates else {})
        self.classify = nn.ModuleDict({m: nn.Linear(width, classes) for m in names})
        self.fusion = SLOTS[fusion](names, width, classes)
        self.width = width
        self.drop = nn.Dropout(dropout) if dropout else nn.Identity()
        for part in (self.project, self.infiltrate, self.classify, self.fusion):
            part.apply(_initialised)

    def forward(self, batch: Batch) -> Tensor:
        """Fused logits [rows, classes]."""
        own, foreign = self._projections(batch)
        return self._fused(own, foreign, batch.present)

    def by_pattern(self, batch: Batch, patterns: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Fused logits [rows, classes] with only a pattern's modalities shown, by pattern."""
        own, foreign = self._projections(batch)
        return {name: self._fused(_of(own, m), _of(foreign, m), _of(batch.present, m)) for name, m in patterns.items()}

    def parts(self, batch: Batch) -> Parts:
        """All logits [rows, classes].

        Returns:
            `out`: under `fused`, those of F; `self`: by modality W_m s_m; `foreign`: by modality W_m i_m. Of a row that
            lacks the modality they mean nothing.
        """
        own, foreign = self._projections(batch)
        return {
            "out": {"fused": self._fused(own, foreign, batch.present)},
            "self": {m: self.classify[m](s) for m, s in own.items()},
            "foreign": {m: self.classify[m](i) for m, i in foreign.items()},
        }

    def _projections(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        own, foreign = {}, {}
        for m in sorted(batch.x):
            z = self.drop(encode_present(self.encoder[m], batch.x[m], batch.present[m], self.width))
            own[m] = self.project[m](z)
            foreign[m] = self.infiltrate[m](z) if m in self.infiltrate else own[m]
        return own, foreign

    def _fused(self, own: Mapping[str, Tensor], foreign: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        total = torch.zeros_like(next(iter(own.values())))
        for m in sorted(foreign):
            total = total + torch.where(present[m][:, None], foreign[m], 0.0)
        count = torch.stack([present[m] for m in sorted(own)]).sum(0).clamp(min=1)
        stands_in = total / count[:, None]
        slots = {
            m: torch.where(present[m][:, None], own[m], stands_in) if m in own else stands_in for m in self.encoder
        }
        logits: Tensor = self.fusion(slots)
        return logits


def _initialised(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear):
        nn.init.xavier_normal_(layer.weight)
        nn.init.zeros_(layer.bias)


def _of(values: Mapping[str, Tensor], chosen: Collection[str]) -> dict[str, Tensor]:
    return {m: values[m] for m in chosen}
