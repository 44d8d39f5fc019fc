"""Towers: one a modality, each of two parts, into one space of embeddings."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from counterpoint.data.modality import Modality
from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.models.towers.parts import Alignment, FeatureEncoder, Features


class Towers(nn.Module):
    """z_m = psi_m(phi_m(x_m)) of each modality m, of length 1: what is paired should lie close, whatever sense it is.

    Small enough to be trained from nothing on a laptop. phi is `FeatureEncoder`, psi is `Alignment`; neither has
    buffers, neither draws random numbers, and a row's embedding depends on this row alone. There is no classifier.

    Blocks: `encoder.NAME` (phi), `align.NAME` (psi) a modality.

    Args:
        modalities: by name; two or more, of any kind.
        width: of tokens.
        depth: layers of a transformer in phi.
        size: of embeddings.
        hidden: width inside psi's projection.
        patch: side of an image's patches, in pixels; 0 chooses one by the image's size.

    Raises:
        UserError: there are fewer than two modalities, one has a name that no module can have or a kind that no tower
            is for, or the width is no multiple of the number of heads.
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        width: int = 64,
        depth: int = 2,
        size: int = 64,
        hidden: int = 128,
        patch: int = 0,
    ) -> None:
        super().__init__()
        names = sorted(modalities)
        if len(names) < 2:
            here = f"{names[0]!r} alone" if names else "none"
            raise UserError(f"towers align two modalities or more, and here is {here}: choose data that have others")
        for name in names:
            if hasattr(nn.ModuleDict, name) or not name.isidentifier():
                raise UserError(f"no modality can be called {name!r}, because no module can: choose another name")
        self.encoder = nn.ModuleDict({m: FeatureEncoder(modalities[m], width, depth, patch) for m in names})
        self.align = nn.ModuleDict({m: Alignment(width, hidden, size) for m in names})

    def forward(self, batch: Batch) -> Tensor:
        """The mean of the embeddings of the modalities that a row has, [rows, size]; no logits, as nothing classifies.

        Of a row that has none it is 0.
        """
        found: dict[str, Tensor] = self.parts(batch)["z"]
        total = torch.zeros_like(next(iter(found.values())))
        for m in sorted(found):
            total = total + torch.where(batch.present[m][:, None], found[m], 0.0)
        return total / torch.stack([batch.present[m] for m in sorted(found)]).sum(0).clamp(min=1)[:, None]

    def parts(
        self,
        batch: Batch,
        *,
        reads: Collection[str] | None = None,
        features: bool = False,
        from_features: Mapping[str, Features] | None = None,
    ) -> dict[str, Any]:
        """What objectives look at.

        Args:
            batch: what to look at.
            reads: the modalities that are embedded; all of the batch, or of `from_features`, where None.
            features: whether phi's answers are wanted.
            from_features: phi's answers to these rows, by modality; phi is left out where they are given.

        Returns:
            `z`: by modality that is read, embeddings [rows, size] of length 1. If features are wanted, `tokens`:
            likewise, tokens [rows, 1 + steps, width], CLS first, and which are real, bool [rows, 1 + steps]. Rows that
            lack the modality are read as zeros, whatever is written there, and what is found of them means nothing.
        """
        if from_features is None:
            names = sorted(batch.x if reads is None else reads)
            tokens = {m: self.encoder[m](_shown(batch.x[m], batch.present[m])) for m in names}
        else:
            tokens = {m: from_features[m] for m in sorted(from_features if reads is None else reads)}
        parts: dict[str, Any] = {"z": {m: self.align[m](*found) for m, found in tokens.items()}}
        if features:
            parts["tokens"] = tokens
        return parts


def _shown(values: Tensor, present: Tensor) -> Tensor:
    """The values, and zeros, whatever is written there, in rows that lack the modality."""
    return torch.where(present.view(-1, *[1] * (values.dim() - 1)), values, 0.0)
