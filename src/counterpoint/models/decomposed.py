"""DMML-KD's network: of each modality a part that all modalities share and a part of its own, and a generator."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from counterpoint.data.samples import Batch
from counterpoint.models.generator import ConditionalGenerator
from counterpoint.models.present import encode_present


class Split(nn.Module):
    """c = A z + a, s = B z + b: what a modality has in common with others, and what is its own."""

    def __init__(self, width: int, common: int, specific: int) -> None:
        super().__init__()
        self.common = nn.Linear(width, common)
        self.specific = nn.Linear(width, specific)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """[rows, common] and [rows, specific] from [rows, width]."""
        return self.common(z), self.specific(z)


class Decomposed(nn.Module):
    """Encoders E_m, splits of their embeddings, a classifier W_c of common parts, a fused one W_f, a generator G.

    z_m = E_m(x_m); c_m = A_m z_m + a_m; s_m = B_m z_m + b_m. W_c is one linear layer for the common parts of all
    modalities, and of those that G makes of noise and a label. The answer is

        W_f [cbar; s_1; ...; s_M] + b,    cbar = mean of c_m over the modalities that a row has, s_m = 0 of others.

    W_f is kept by its columns: those of cbar and the bias are the layer `fused_common`, those of s_m are `fused.NAME`
    without a bias, and what they say is added up. This is one linear layer on everything, and begins as one: uniform
    within 1 / sqrt(common + M specific). So a client without a modality neither owns nor sends columns for it.

    Blocks: `encoder.NAME`, `split.NAME`, `fused.NAME` a modality; `fused_common`, `common` (W_c), `generator`.

    The paper's text beyond its abstract was not at hand: that features are decomposed and that a generator learns their
    common part is the paper's, these layers and their widths are ours.

    Args:
        encoders: by modality, each [rows, *shape] -> [rows, width].
        width: of an embedding.
        classes: how many.
        common: width of common parts.
        specific: width of specific parts.
        noise: how many numbers G makes a feature of.
        hidden: width of G's hidden layer.
        dropout: share of the values of embeddings z that a training step leaves out.

    Attributes:
        noise: how many numbers G makes a feature of.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        width: int,
        classes: int,
        *,
        common: int = 32,
        specific: int = 32,
        noise: int = 32,
        hidden: int = 256,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        names = sorted(encoders)
        self.encoder = nn.ModuleDict({m: encoders[m] for m in names})
        self.split = nn.ModuleDict({m: Split(width, common, specific) for m in names})
        self.common = nn.Linear(common, classes)
        self.fused = nn.ModuleDict({m: nn.Linear(specific, classes, bias=False) for m in names})
        self.fused_common = nn.Linear(common, classes)
        self.generator = ConditionalGenerator(noise, classes, hidden, common)
        self.noise = noise
        self.width = width
        self.drop = nn.Dropout(dropout) if dropout else nn.Identity()
        bound = (common + len(names) * specific) ** -0.5
        for parameter in (*self.fused_common.parameters(), *self.fused.parameters()):
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, batch: Batch) -> Tensor:
        """Logits [rows, classes]."""
        common, specific = self._split(batch)
        return self._fused(common, specific, batch)

    def by_pattern(self, batch: Batch, patterns: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Logits [rows, classes] with only a pattern's modalities shown, by pattern."""
        common, specific = self._split(batch)
        return {name: self._fused(_of(common, m), _of(specific, m), batch) for name, m in patterns.items()}

    def parts(self, batch: Batch, *, generated: tuple[Tensor, Tensor] | None = None) -> dict[str, Any]:
        """Logits, and what they are made of.

        Args:
            batch: what to look at; `batch.only(())` where it is G alone.
            generated: noise [n, noise] and labels int64 [n] of common features that G is to make; n is anything.

        Returns:
            `out`: under `fused`, logits [rows, classes]. `common`: by modality c_m [rows, common], and `specific`: s_m
            [rows, specific]; zeros where absent. `classified`: by modality W_c c_m, [rows, classes]; of a row that
            lacks the modality it means nothing. `generated`, if asked for: `feature`, G(noise, label) [n, common], and
            `classified`, W_c of it, [n, classes].
        """
        common, specific = self._split(batch)
        found: dict[str, Any] = {
            "out": {"fused": self._fused(common, specific, batch)},
            "common": common,
            "specific": specific,
            "classified": {m: self.common(c) for m, c in common.items()},
        }
        if generated is not None:
            feature = self.generator(*generated)
            found["generated"] = {"feature": feature, "classified": self.common(feature)}
        return found

    def _split(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """c_m and s_m of the batch's modalities, zeros where absent."""
        common, specific = {}, {}
        for m in sorted(batch.x):
            present = batch.present[m][:, None]
            z = self.drop(encode_present(self.encoder[m], batch.x[m], batch.present[m], self.width))
            c, s = self.split[m](z)
            common[m], specific[m] = torch.where(present, c, 0.0), torch.where(present, s, 0.0)
        return common, specific

    def _fused(self, common: Mapping[str, Tensor], specific: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """What W_f says of the modalities that `common` and `specific` name; of none of them, its bias."""
        total = self.fused_common.weight.new_zeros(len(batch), self.fused_common.in_features)
        count = torch.zeros_like(batch.label)
        for m in sorted(common):  # one after another: the order in which `sum` adds depends on how many there are
            total = total + common[m]
            count = count + batch.present[m]
        logits: Tensor = self.fused_common(total / count.clamp(min=1)[:, None])
        for m in sorted(specific):
            logits = logits + self.fused[m](specific[m])
        return logits


def _of(values: Mapping[str, Tensor], chosen: Collection[str]) -> dict[str, Tensor]:
    return {m: values[m] for m in chosen}
