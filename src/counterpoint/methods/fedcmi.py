"""FedCMI: the modality that dominates teaches the others, through a projector of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from counterpoint.aggregation import block_average
from counterpoint.data.modality import Task
from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.exchange import Weights, per_modality
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.many import Many
from counterpoint.methods.client import Client, Value
from counterpoint.methods.federation import Federation
from counterpoint.methods.infiltration import confidences, directions, dominant_of_batch, pair
from counterpoint.methods.method import Method
from counterpoint.methods.search import Search
from counterpoint.models.build import Assembly, ModelSettings
from counterpoint.models.crossmodal import CrossModal, ProjectorKind
from counterpoint.models.slots import SlotKind
from counterpoint.objectives import cross_entropy, soft_divergence, squared_distance


@dataclass(frozen=True)
class Infiltrated(Weights):
    """Weights, and what is said of dominance.

    Attributes:
        active: down: 1 where there is infiltration in this round, else 0.
        chosen: down, where the server chooses: [modalities], one for the one that dominates.
        confidence: up, where the server chooses: by modality, sum of the true class's probabilities and count of rows.
    """

    active: Tensor | None = None
    chosen: Tensor | None = None
    confidence: Tensors = per_modality()


class FedCMI(Method):
    """Cross-modal infiltration against modality imbalance (Fan et al., arXiv 2401.00894).

    Network: `models.crossmodal.CrossModal`. With s_m, i_m the self and infiltration projections of modality m, W_m its
    classifier, F the fusion, g the received model, frozen, a client minimises over rows (x, y)

        CE(F(s), y) + c1 sum_m CE(W_m s_m, y) + c2 sum_U KL(softmax(W_D s_D(g) / T_y) || softmax(W_U i_U / T_y))
        + mu/2 ||w - w_received||^2

    with D the modality that dominates and U every other one; terms of a modality only in rows that have it, and those
    of c1 and c2 only in rows that have more than one. T_c, see `infiltration.directions`, is computed once a round
    from the received model on the client's training rows. The server takes the block average over owners.

    Where this is not certain to be the paper, whose method section was not at hand, it follows the authors' code, and
    departs from it in these.

    Dominance is decided once a round by the mean ratio of the received model's confidences, which fixes temperatures
    too (`dominance=round`); `batch` decides by the local model on each batch, as their code does; `server` gathers
    confidences of all clients, and has one direction for all in the next round.

    The divergence is the KL one, which is 0 at agreement; their cross-entropy has the same gradient. There is no T^2.

    Without class temperatures T is `temperature` everywhere; in their code nothing is distilled then.

    Confidences are computed without augmentation. Without infiltration projectors (`infiltration_projector=false`) the
    teacher draws the self projection, which also takes the slot of a missing modality.

    There may be any number of modalities, missing from clients or from samples.

    Options have the authors' defaults; `mu` is strong for small data, where 0.01 to 0.1 often does better (profile
    `small`). The learning rate is 0.03 where none is given: the cross-entropies add up to 1 + c1 M times one, and with
    0.1, the rate of a plain loss, training on three modalities diverges.
    """

    takes_terms: ClassVar[bool] = False
    usual_lr: ClassVar[float] = 0.03

    self_weight: Annotated[
        float, Field(ge=0, description="c1, of the self projections' cross-entropies"), Search(0.1, 2.0, log=True)
    ] = 2.0
    self_ce: Annotated[
        Literal["both", "weak"], Field(description="which modalities have one: all, or those that do not dominate")
    ] = "both"
    infiltration_weight: Annotated[
        float, Field(ge=0, description="c2, of the divergence from the teacher"), Search(0.1, 2.0, log=True)
    ] = 1.0
    infiltration: Annotated[bool, Field(description="whether the dominant modality teaches the others")] = True
    infiltration_projector: Annotated[bool, Field(description="whether there are infiltration projectors")] = True
    class_temperature: Annotated[bool, Field(description="whether each class has a temperature of its own")] = True
    sharpness: Annotated[float, Field(ge=0, description="b, how fast imbalance sharpens the teacher")] = 2.0
    temperature: Annotated[float, Field(gt=0, description="T of classes that are not imbalanced")] = 1.0
    proximal: Annotated[bool, Field(description="whether clients are held near the received model")] = True
    mu: Annotated[float, Field(ge=0, description="weight of the proximal term"), Search(1e-3, 1.0, log=True)] = 1.0
    warmup: Annotated[int, Field(ge=0, description="rounds without infiltration")] = 1
    dominance: Annotated[
        Literal["round", "batch", "server"],
        Field(
            description="who decides which modality dominates: the received model once a round on each client, the"
            " local model on each batch, or the server for all"
        ),
    ] = "round"
    projector: Annotated[ProjectorKind, Field(description="kind of projectors")] = "mlp"
    projector_depth: Annotated[int, Field(ge=1, description="linear layers of a projector of kind mlp")] = 3
    fusion: Annotated[SlotKind, Field(description="fusion; film and gated are of two modalities")] = "concat"

    chosen: Tensor | None

    def assembly(self) -> Assembly:
        """The network of two projections."""
        return self._network

    def _network(self, encoders: Mapping[str, nn.Module], task: Task, settings: ModelSettings) -> CrossModal:
        if settings.fusion != ModelSettings().fusion:
            raise UserError(f"fedcmi has a fusion of its own: say fusion=..., not model.fusion={settings.fusion}")
        return CrossModal(
            encoders,
            settings.width,
            len(task.classes),
            kind=self.projector,
            depth=self.projector_depth,
            fusion=self.fusion,
            infiltrates=self.infiltration_projector,
            dropout=settings.dropout,
        )

    @property
    def teaches(self) -> bool:
        """Whether there is infiltration at all."""
        return self.infiltration and self.infiltration_weight > 0

    def start(self, fed: Federation) -> None:
        """Weights, and no choice yet."""
        super().start(fed)
        self.chosen = None
        self.active = 0.0

    def offer(self) -> Infiltrated:
        """The weights, whether there is infiltration, and who dominates where the server chooses."""
        if not self.teaches:
            return Infiltrated(self.weights)
        return Infiltrated(self.weights, active=torch.tensor(self.active), chosen=self.chosen)

    def round(self, fed: Federation) -> None:
        """Visit a sample of clients, average what comes back, and choose anew where the server does."""
        waits = self.dominance == "server" and self.chosen is None
        self.active = float(fed.round > self.warmup and not waits)
        tally = _Tally(self.model.modalities)
        program = self.local if self.active else self.local_without
        uploads = fed.stream(fed.sample(), program, self.offer())
        self.weights = block_average(self.weights, tally.heard(uploads))
        if self.dominance == "server" and self.teaches:
            self.chosen = tally.chosen(self.chosen)

    def local(self, client: Client, received: Infiltrated) -> Infiltrated:
        """Train from the received weights, taught by them."""
        return self._uploaded(client, self.adapted(client, received), received)

    def local_without(self, client: Client, received: Infiltrated) -> Infiltrated:
        """Train from the received weights without infiltration: no teacher is computed."""
        start = client.load(received.weights)
        trained = client.train(start, self.loss, using={"received": start})
        return self._uploaded(client, trained, received)

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after this client's local training."""
        start = client.load(received.weights)
        using: dict[str, Any] = {"received": start}
        if self.teaches and len(self.owned(start)) > 1 and isinstance(received, Infiltrated):
            found = self.look(client, start, received)
            using |= {"teacher": start, "directions": found, "active": received.active}
        return client.train(start, self.loss, using=using)

    def owned(self, params: Mapping[str, Tensor]) -> list[str]:
        """The modalities of which there are tensors."""
        return [m for m in self.model.modalities if f"classify.{m}.weight" in params]

    def look(self, client: Client, params: Tensors, received: Infiltrated) -> Value:
        """Directions and temperatures of this client, see `infiltration.directions`."""
        names = self.owned(params)
        sums = client.fold(self._confidences, params, reduce="sum")
        found = client.map(lambda s: directions(s, names, self._sharpness, self.temperature), sums)
        if self.dominance == "server" and received.chosen is not None:
            picked = [self.model.modalities.index(m) for m in names]
            found = client.map(lambda f, c: {**f, "dominant": c[picked]}, found, received.chosen)
        return found

    @property
    def _sharpness(self) -> float:
        return self.sharpness if self.class_temperature else 0.0

    def _confidences(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        return confidences(self.model.parts(params, batch, train=False)["self"], batch.label, batch.present)

    def _uploaded(self, client: Client, trained: Tensors, received: Infiltrated) -> Infiltrated:
        if self.dominance != "server" or not self.teaches:
            return Infiltrated(trained, samples=client.sizes)
        start = client.load(received.weights)
        sums = client.fold(self._confidences, start, reduce="sum")
        told = client.map(
            lambda s: {m: torch.stack([s[f"sum.{m}"].sum(), s[f"count.{m}"].sum()]) for m in self.owned(start)}, sums
        )
        return Infiltrated(trained, samples=client.sizes, confidence=told)

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The local objective, one value a row."""
        parts = self.model.parts(params, batch)
        names = sorted(batch.x)
        value = cross_entropy(parts["out"]["fused"], batch.label)
        if len(names) > 1:
            several = torch.stack([batch.present[m] for m in names]).sum(0) > 1
            dominance = self._dominance(parts["self"], batch, several, using)
            value = value + self._self_terms(parts["self"], batch, several, dominance)
            if "teacher" in using:
                value = value + self._taught(parts, batch, dominance, using)
        if self.proximal and self.mu > 0:
            value = value + self.mu / 2 * squared_distance(params, using["received"])
        return value

    def _dominance(
        self, own: Mapping[str, Tensor], batch: Batch, several: Tensor, using: Mapping[str, Any]
    ) -> dict[str, Tensor]:
        """By modality 1 where it dominates, else 0; nothing where nobody can say."""
        names = sorted(own)
        if self.dominance == "batch":
            every = torch.stack([batch.present[m] for m in names]).all(0)
            found = dominant_of_batch(own, batch.label, every & several & batch.mask, names)
        elif "directions" in using:
            found = using["directions"]["dominant"]
        else:
            return {}
        return {m: found[n] for n, m in enumerate(names)}

    def _self_terms(
        self, own: Mapping[str, Tensor], batch: Batch, several: Tensor, dominance: Mapping[str, Tensor]
    ) -> Tensor:
        total = torch.zeros_like(batch.label, dtype=torch.float32)
        for m, logits in own.items():
            there = several & batch.present[m]
            term = torch.where(there, cross_entropy(logits, batch.label), 0.0)
            if self.self_ce == "weak" and m in dominance:
                term = term * (1 - dominance[m])
            total = total + term
        return self.self_weight * total

    def _taught(
        self, parts: Mapping[str, Any], batch: Batch, dominance: Mapping[str, Tensor], using: Mapping[str, Any]
    ) -> Tensor:
        teachers = self.model.parts(using["teacher"], batch, train=False)["self"]
        students = parts["foreign"] if self.infiltration_projector else parts["self"]
        total = torch.zeros_like(batch.label, dtype=torch.float32)
        for teacher, logits in teachers.items():
            for student, answer in students.items():
                if teacher != student:
                    temperature = using["directions"][f"T.{pair(teacher, student)}"].gather(0, batch.label)
                    term = soft_divergence(answer, logits, temperature)
                    both = batch.present[teacher] & batch.present[student]
                    total = total + dominance[teacher] * torch.where(both, term, 0.0)
        active: Tensor = using["active"]
        return self.infiltration_weight * active * total


class _Tally:
    """Sums of confidences that uploads bring."""

    def __init__(self, modalities: Iterable[str]) -> None:
        self.sums = {m: torch.zeros(2, dtype=torch.float64) for m in modalities}

    def heard(self, uploads: Iterator[Many[Infiltrated]]) -> Iterator[Many[Infiltrated]]:
        """The uploads, listened to."""
        for many in uploads:
            for m, values in many.together.confidence.items():
                self.sums[m] += values.sum(0).cpu()
            yield many

    def chosen(self, before: Tensor | None) -> Tensor | None:
        """One for the modality whose mean confidence is largest; as before where nobody said anything."""
        if not any(float(s[1]) for s in self.sums.values()):
            return before
        means = torch.stack([s[0] / s[1].clamp(min=1) for s in self.sums.values()])
        return torch.nn.functional.one_hot(means.argmax(), len(means)).float()
