"""Towers that name what they see: a class is what its name, put into sentences, is embedded as."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from counterpoint.data.modality import Modality, Task
from counterpoint.data.samples import Batch
from counterpoint.data.text import spell
from counterpoint.errors import CounterpointError, UserError
from counterpoint.evaluate.zero_shot import class_embeddings, zero_shot_logits
from counterpoint.models.towers.network import Towers

TEMPLATES = ("{}", "a picture of {}", "a symbol of {}")
"""Sentences in which a class is named, where nobody gives others."""


class ZeroShotTowers(Towers):
    """`Towers`, with logits: the cosine of what is shown with each class, over the temperature.

    A class's embedding is the normalised mean over templates of what the text tower makes of its name; what is shown of
    a row is the normalised sum of the embeddings of its modalities. Nothing is learned from labels. Where no modality
    is a text there are no logits.

    Args:
        modalities: by name.
        task: whose classes are named.
        templates: sentences with `{}` in the place of a class's name.
        temperature: of the contrast.
        options: of `Towers`.

    Raises:
        UserError: a template has no place for a name; or as `Towers`.
    """

    prompts: Tensor
    text: str

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        task: Task,
        *,
        templates: Sequence[str] = TEMPLATES,
        temperature: float = 0.07,
        **options: Any,
    ) -> None:
        super().__init__(modalities, **options)
        self.text = next((name for name in sorted(modalities) if modalities[name].kind == "text"), "")
        self.temperature = temperature
        if not templates or not all("{}" in template for template in templates):
            raise UserError(f"templates={list(templates)}: each is a sentence with {{}} in the place of a class's name")
        self._shape = (len(task.classes), len(templates))
        if self.text:
            named = [template.replace("{}", name) for name in task.classes for template in templates]
            self.register_buffer("prompts", spell(named, modalities[self.text].shape[0]).float(), persistent=False)

    def classes(self) -> Tensor:
        """An embedding a class, [classes, size], of length 1.

        Raises:
            CounterpointError: there is no text tower.
        """
        if not self.text:
            raise CounterpointError("no modality is a text: nobody can name classes")
        z: Tensor = self.align[self.text](*self.encoder[self.text](self.prompts))
        return class_embeddings(z.reshape(*self._shape, -1))

    def parts(self, batch: Batch, *, classes: bool = False, **which: Any) -> dict[str, Any]:
        """As `Towers.parts`; if classes are wanted, also `classes`, an embedding a class."""
        found = super().parts(batch, **which)
        return {**found, "classes": self.classes()} if classes else found

    def forward(self, batch: Batch) -> Tensor:
        """Logits [rows, classes] of rows as they are."""
        return self.by_pattern(batch, {"": tuple(sorted(batch.x))})[""]

    def by_pattern(self, batch: Batch, patterns: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Logits [rows, classes] with only a pattern's modalities shown, by pattern."""
        return zero_shot(super().parts(batch)["z"], batch, patterns, self.classes(), self.temperature)


def zero_shot(
    z: Mapping[str, Tensor],
    batch: Batch,
    patterns: Mapping[str, Collection[str]],
    classes: Tensor,
    temperature: float,
) -> dict[str, Tensor]:
    """Logits [rows, classes] by pattern: the cosine of what is shown with each class, over the temperature.

    Args:
        z: embeddings [rows, size] by modality.
        batch: says which rows have which modality.
        patterns: modalities shown.
        classes: [classes, size].
        temperature: of the contrast.
    """
    found = {}
    for name, chosen in patterns.items():
        shown = torch.stack([torch.where(batch.present[m][:, None], z[m], 0.0) for m in sorted(chosen)]).sum(0)
        found[name] = zero_shot_logits(normalize(shown, dim=1), classes, temperature)
    return found
