"""What methods share that learn, without labels, one space for all modalities: contrast, and scores by retrieval."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from counterpoint.data.modality import Modality, Task
from counterpoint.data.samples import Batch
from counterpoint.evaluate import OBSERVED
from counterpoint.exchange import Weights, named
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.aligned import batch_hits, space_scores
from counterpoint.methods.client import Client, Value
from counterpoint.methods.exhibit import Exhibit, exhibit_of
from counterpoint.methods.method import Method
from counterpoint.methods.scoring import Tallies
from counterpoint.methods.search import Search
from counterpoint.methods.settings import TrainSettings
from counterpoint.models.build import ModelSettings, Network
from counterpoint.models.towers import ZeroShotTowers, zero_shot
from counterpoint.models.towers.zero_shot import TEMPLATES
from counterpoint.objectives import contrastive, mean_of_counted

CLASSES = "classes"
"""Beside a model's tensors: embeddings of classes, for who has no text tower."""
CONTRAST = "contrast/"


@dataclass(frozen=True)
class Space(Weights):
    """A model, and what its text tower makes of the classes' names.

    Attributes:
        named: `classes`, [classes, size].
    """

    named: Tensors = named()


class Aligning(Method):
    """Base of methods that align modalities by contrast, without a label.

    Network: `models.towers.ZeroShotTowers`, trained from nothing: z_m = psi_m(phi_m(x_m)) of length 1, blocks
    `encoder.NAME` (phi) and `align.NAME` (psi). Objective of a batch: `objectives.contrastive` with temperature T,
    summed over pairs of modalities, the mean over rows that have both. Clients train with AdamW (or plain SGD), whose
    state is fresh in every visit. A client with a single modality has nothing to contrast: it does not train, and
    weighs nothing in averages.

    Scores: `accuracy` and the like are zero-shot, by the names of classes, as `ZeroShotTowers` has it; there are none
    where no modality is a text. On every test,
    `contrastive` (mean of the objective's rows) and `batch_recall@1` (how often the nearest of a batch is the right
    one, both directions) in batches of `gallery` rows, alike for all clients. On the global test `recall@1`,
    `recall@5`, `recall@10`, `median_rank` and `mean_reciprocal_rank` by direction (`image>text`), and their means as
    `observed`; `alignment`, `uniformity`, `modality_gap`; after the last round, in simulation, `probe_accuracy[SHARE]`
    and `probe_macro_f1[SHARE]` of a linear classifier on frozen embeddings, learned from 1 %, 10 % and all of the
    training rows' labels (`evaluate.probe`).
    """

    needs_labels: ClassVar[bool] = False
    takes_terms: ClassVar[bool] = False
    usual_lr: ClassVar[float] = 0.0005

    temperature: Annotated[float, Field(gt=0, description="T of the contrast")] = 0.07
    optimizer: Annotated[Literal["adamw", "sgd"], Field(description="of clients")] = "adamw"
    decay: Annotated[float, Field(ge=0, description="weight decay"), Search(1e-3, 0.3, log=True)] = 0.05
    width: Annotated[int, Field(ge=4, description="of tokens")] = 64
    depth: Annotated[int, Field(ge=1, description="layers of phi")] = 2
    size: Annotated[int, Field(ge=2, description="of embeddings")] = 64
    hidden: Annotated[int, Field(ge=1, description="width inside psi's projection")] = 128
    patch: Annotated[int, Field(ge=0, description="side of an image's patches; 0 chooses one")] = 0
    gallery: Annotated[int, Field(ge=2, description="rows of a batch in which clients are scored")] = 32
    uniform: Annotated[bool, Field(description="clients weigh alike in averages; by their rows where not")] = True
    templates: Annotated[tuple[str, ...], Field(description="sentences with {} for a class's name")] = TEMPLATES

    def network(self) -> Network | None:
        """The towers."""
        return self._network

    def _network(self, modalities: Mapping[str, Modality], task: Task, settings: ModelSettings) -> nn.Module:
        return ZeroShotTowers(
            modalities,
            task,
            templates=self.templates,
            temperature=self.temperature,
            width=self.width,
            depth=self.depth,
            size=self.size,
            hidden=self.hidden,
            patch=self.patch,
        )

    def learner(self, client: Client) -> TrainSettings:
        """As the run's clients train, but with this optimiser and weight decay."""
        own = client.settings
        return TrainSettings(
            epochs=own.epochs, batch_size=own.batch_size, lr=own.lr, optimizer=self.optimizer, weight_decay=self.decay
        )

    def aligned(self, params: Mapping[str, Any]) -> list[str]:
        """The modalities of which there are tensors."""
        return [m for m in self.model.modalities if any(name.startswith(f"align.{m}.") for name in params)]

    def embed(self, params: Tensors, batch: Batch, *, train: bool | None = None) -> dict[str, Tensor]:
        """z by modality of the batch, [rows, size]."""
        found: dict[str, Tensor] = self.model.parts(params, batch, train=train)["z"]
        return found

    def contrast(self, z: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """The objective of a batch, a scalar; 0 where no row has two modalities."""
        total = torch.zeros((), device=batch.mask.device)
        for a, b in combinations(sorted(z), 2):
            counts = batch.mask & batch.present[a] & batch.present[b]
            counts = counts & (counts.sum() > 1)  # a lone row has no gradient, not even a rounded one
            total = total + mean_of_counted(contrastive(z[a], z[b], counts, self.temperature), counts)
        return total

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The contrast of a batch."""
        return self.contrast(self.embed(params, batch), batch)

    def trained(self, client: Client, start: Tensors, using: Mapping[str, Any] | None = None) -> Tensors:
        """After local training on all rows with `loss`; as it is, where there is nothing to contrast."""
        if len(self.aligned(start)) < 2:
            return start
        return client.train(start, self.loss, over="inputs", using=using, settings=self.learner(client))

    def weight(self, client: Client, params: Tensors) -> Value:
        """What a client counts in averages."""
        if len(self.aligned(params)) < 2:
            return client.map(torch.zeros_like, client.sizes)
        if self.uniform:
            return client.map(torch.ones_like, client.sizes)
        rows = client.fold(lambda p, batch, u: {"rows": batch.mask.long()}, params, over="inputs")
        return rows["rows"]

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after local training."""
        return self.trained(client, client.load(received.weights))

    def offer(self) -> Weights:
        """The server's model; and how it names classes, for those who cannot read."""
        if not self._text:
            return Weights(self.weights)
        found = self.model.parts(self.weights, _nothing(self.model.modalities), train=False, reads=[], classes=True)
        return Space(self.weights, named={CLASSES: found["classes"].detach()})

    def score_before(self, client: Client, received: Weights) -> Tallies:
        """Score the received model on the client's own test."""
        params = client.load(received.weights)
        if isinstance(received, Space) and self._text not in self.aligned(params):
            params = {**params, **received.named}
        return Tallies(self.tally(client, params, "test"))

    @property
    def _text(self) -> str:
        towers = self.model.module
        assert isinstance(towers, ZeroShotTowers)
        return towers.text

    def predict(self, params: Tensors, batch: Batch, shown: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Zero-shot logits [rows, classes] by pattern; none, where nobody can name classes."""
        own = {n: v for n, v in params.items() if n != CLASSES}
        reads = self._text in self.aligned(own)
        if CLASSES not in params and not reads:
            return {}
        found = self.model.parts(own, batch, train=False, classes=reads)
        return zero_shot(found["z"], batch, shown, found["classes"] if reads else params[CLASSES], self.temperature)

    def tally(self, client: Client, params: Tensors, over: str) -> Value:
        """Zero-shot sums, and those of contrast in batches."""
        own = {n: v for n, v in params.items() if n != CLASSES}
        rows = client.fold(self._contrasted, own, over=over, batches=self.gallery)
        return {**super().tally(client, params, over), **{f"{CONTRAST}{name}": value for name, value in rows.items()}}

    def _contrasted(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        z = self.embed(params, batch, train=False)
        none = torch.zeros_like(batch.mask, dtype=torch.float64)
        sums = {"loss": none, "hits": none, "rows": none}
        for a, b in combinations(sorted(z), 2):
            counts = batch.mask & batch.present[a] & batch.present[b]
            content = batch.x[self._text] if self._text in (a, b) else None
            found = {
                "loss": contrastive(z[a], z[b], counts, self.temperature),
                "hits": batch_hits(z[a], z[b], counts, content),
                "rows": counts,
            }
            sums = {name: sums[name] + torch.where(counts, value.double(), 0.0) for name, value in found.items()}
        return sums

    def more_scores(self, sums: Mapping[str, Tensor]) -> dict[str, dict[str, float]]:
        """`contrastive` and `batch_recall@1` of rows as they are."""
        found = {name.removeprefix(CONTRAST): float(v) for name, v in sums.items() if name.startswith(CONTRAST)}
        if not found.get("rows"):
            return {}
        return {
            OBSERVED: {
                "contrastive": found["loss"] / found["rows"],
                "batch_recall@1": found["hits"] / found["rows"],
            }
        }

    def measures(self, server: Client, *, last: bool) -> dict[tuple[str, str], float]:
        """Retrieval and geometry on the global test; after the last round, linear probes."""
        test = server.fold(self._embedded, self.weights, over="global_test", reduce="concatenate")
        pool = server.fold(self._embedded, self.weights, over="pool", reduce="concatenate") if last else None
        return space_scores(test, pool, sorted(self.model.modalities), self._text)

    def exhibit(self, server: Client, *, last: bool) -> Exhibit | None:
        """Embeddings of some rows of the global test; after the last round, also what finds what."""
        test = server.fold(self._embedded, self.weights, over="global_test", reduce="concatenate")
        return exhibit_of(test, sorted(self.model.modalities), self._text, searches=last)

    def _embedded(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        z = self.embed(params, batch, train=False)
        present = {f"present/{m}": there for m, there in batch.present.items()}
        text = {"content": batch.x[self._text]} if self._text in batch.x else {}
        return {**{f"z/{m}": v for m, v in z.items()}, **present, **text, "label": batch.label, "index": batch.index}


def _nothing(modalities: Collection[str]) -> Batch:
    """A batch of no rows and no modalities, for what depends on none."""
    none = torch.zeros(0, dtype=torch.long)
    return Batch({}, {}, none, none, none.bool())
