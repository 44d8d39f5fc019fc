"""FedAID: local models are bound to an alignment that is learned against the worst mixture of clients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.aggregation import worst_case_weights
from counterpoint.data.samples import Batch
from counterpoint.exchange import Weights, per_block
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.many import Many
from counterpoint.methods.client import Client, Value
from counterpoint.methods.federation import Federation
from counterpoint.methods.mixture import Mixture, Reported
from counterpoint.methods.search import Search
from counterpoint.objectives import embedding_distance, mean_of_counted, similarity_divergence

ALIGN = "align"
"""Blocks of alignment modules, psi, begin with this."""


@dataclass(frozen=True)
class Opening(Weights):
    """What a round opens with.

    Attributes:
        teacher: the last one's alignment, where it guides A; else nothing.
    """

    teacher: Tensors = per_block()


@dataclass(frozen=True)
class Guided(Weights):
    """What a client needs for guided training: the teacher's alignment, or the whole model where it has none yet.

    Attributes:
        scale: N lambda_i, by which its loss is multiplied, float64 scalar; None where lambda acts in averages.
    """

    scale: Tensor | None = None


class FedAID(Mixture):
    """Cross-modal alignment binding for federated vision-language pre-training (Shuai, Shen, arXiv 2404.03854).

    min_w max_{lambda in Lambda_rho} sum_i lambda_i L_i(w), Lambda_rho the weights within a chi-square distance of rho
    from even ones, see `Mixture`. w = (phi, psi). A round, over the sampled clients:

        A. clients get w; each sends l_i = L_i(w) on rows held out, and psi_i, after `alignment_steps` steps on psi
           alone, phi frozen
           server: lambda <- project_chi_square(normalise(lambda exp(rate l)), rho); psi* = sum_i lambda_i psi_i
        B. clients get psi*; from (phi, psi_i), `epochs` of steps on everything by

               l1 L_i + mu sum_m mean over rows of ||z_m - z_m of the teacher (phi, psi*)||^2,

           the teacher frozen and without gradient; each sends w_i
           server: w = sum_i lambda_i w_i

    Two visits and one number of each client. What travels is phi and psi down, psi up, psi* down, all of w up. Averages
    are block by block over the clients that own it. The pseudo-code measures l after a round; it is measured when the
    next begins, of the same w, so that no visit is needed for it.

    The method section of the paper was not at hand. This follows the official code of its third version in form, where
    that does what it means to. Deviations, all decisions of ours: lambda is kept from round to round (there it is lost)
    and acts in the averages (there it scales losses, to which AdamW is all but blind; `lambda_mode=loss_scale` does it
    so); the guide is a squared distance (there its mean over 128 numbers, next to nothing beside the contrast;
    `guide=mean_squared`); it is off in A (`guide_in_alignment`); the first teacher is the initial model itself;
    l is the contrast alone, on rows that nobody trains on. Towers are small and of our own, so padding is masked and
    norms are over features (`models.towers`). `guide=relational` binds similarities of rows instead of places; it is
    ours.

    Without guide, alignment and min-max (`mu=0`, `alignment_steps=0`, `rate=0`) it is `clip-fedavg`, bit for bit.
    """

    alignment_steps: Annotated[int, Field(ge=0, description="steps on alignment modules alone, in A")] = 20
    mu: Annotated[float, Field(ge=0, description="weight of the guide"), Search(0.1, 10, log=True)] = 1.0
    l1: Annotated[float, Field(ge=0, description="weight of the contrast in guided training")] = 1.0
    guide: Annotated[
        Literal["l2", "mean_squared", "relational"], Field(description="what is bound to the teacher's")
    ] = "l2"
    rate: Annotated[float, Field(ge=0, description="gamma S, of the step of lambda"), Search(0.05, 5, log=True)] = 0.5
    rho: Annotated[float, Field(ge=0, description="radius of the ball around even weights")] = 1.0
    lambda_mode: Annotated[Literal["aggregate", "loss_scale"], Field(description="where lambda acts")] = "aggregate"
    robust_stage_b: Annotated[bool, Field(description="whether lambda acts in B, too")] = True
    guide_in_alignment: Annotated[bool, Field(description="whether A has last round's teacher as guide")] = False
    student: Annotated[Literal["own", "psi_star"], Field(description="alignment from which B starts")] = "own"

    @property
    def moves(self) -> bool:
        """Whether lambda moves."""
        return self.rate > 0 and self.rho > 0

    def raised(self, mixture: Tensor, losses: Tensor) -> Tensor:
        """The multiplicative step, and the projection."""
        return worst_case_weights(mixture, losses, self.rate, self.rho)

    def start(self, fed: Federation) -> None:
        """As initialised; the first teacher is the initial model."""
        super().start(fed)
        self.teacher = self._psi(self.weights)

    def _psi(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in tensors.items() if name.startswith(f"{ALIGN}.")}

    @property
    def _scaled(self) -> bool:
        return self.lambda_mode == "loss_scale"

    def round(self, fed: Federation) -> None:
        """Learn the alignment and the mixture, then train bound to it."""
        clients = fed.sample()
        down: Tensors = self.weights
        if self.moves or self.alignment_steps:
            down = self.teacher = self._align(fed, clients)
        mixture = self.mixture if self.robust_stage_b and not self._scaled else None
        self.weights = self.weighted(fed, self.weights, self._bind(fed, clients, down), mixture)

    def _align(self, fed: Federation, clients: Sequence[int]) -> Tensors:
        """A: psi*, once lambda has moved."""
        told = Opening(self.weights, teacher=self.teacher if self.guide_in_alignment else {})
        uploads = list(fed.stream(clients, self.open, told))
        losses = {
            upload.client: (float(upload.loss), int(upload.rows))
            for many in uploads
            for upload in many.each()
            if upload.loss is not None and upload.rows is not None
        }
        self.hear(fed, losses)
        return self.weighted(fed, self._psi(self.weights), uploads, None if self._scaled else self.mixture)

    def _bind(self, fed: Federation, clients: Sequence[int], down: Tensors) -> Iterator[Many[Weights]]:
        """B: models of clients bound to the teacher; lambda goes along where it acts in losses."""
        if not self._scaled:
            return fed.stream(clients, self.bind, Guided(down))
        scales = len(fed.clients) * self.mixture
        place = {client: i for i, client in enumerate(fed.clients)}
        return fed.stream(clients, self.bind, {c: Guided(down, scale=scales[place[c]]) for c in clients})

    def open(self, client: Client, received: Opening) -> Reported:
        """A, at a client: how the model fares here, and an alignment for the client's own pairs."""
        start = client.load(received.weights)
        loss, rows = self.held_loss(client, start)
        student = start
        own = [f"{ALIGN}.{m}" for m in self.aligned(start)]
        if self.alignment_steps and len(own) > 1:
            using = {"teacher": {**start, **received.teacher}} if received.teacher else {}
            student = client.train(
                start,
                self.loss,
                over="inputs",
                using=using,
                steps=self.alignment_steps,
                trainable=own,
                settings=self.learner(client),
            )
        client.memory["student"] = student
        told = self._psi(student) if self.alignment_steps else {}
        return Reported(told, samples=self.weight(client, start), loss=loss, rows=rows)

    def bind(self, client: Client, received: Guided) -> Weights:
        """B, at a client: train everything, near the teacher."""
        whole = client.load(received.weights)
        if self.moves or self.alignment_steps:
            student = client.memory.get("student", whole)
            teacher = {**student, **received.weights}
        else:
            student = teacher = whole
        start = teacher if self.student == "psi_star" else student
        using: dict[str, Value] = {"teacher": teacher} if self.mu else {}
        if received.scale is not None:
            using["scale"] = received.scale
        trained = self.trained(client, start, using)
        client.memory["student"] = {}
        return Weights(trained, samples=self.weight(client, start))

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The contrast of a batch; of who has a teacher, bound to it."""
        z = self.embed(params, batch)
        total = self.contrast(z, batch)
        if "teacher" in using:
            guides = {m: v.detach() for m, v in self.embed(using["teacher"], batch, train=False).items()}
            total = self.l1 * total + self.mu * self.bound(z, guides, batch)
        return using["scale"].float() * total if "scale" in using else total

    def bound(self, z: Mapping[str, Tensor], guides: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """How far a batch's embeddings are from the teacher's, a scalar.

        `l2`: sum over modalities of the mean over rows that have it of ||z - z_t||^2, at most 4 a modality;
        `mean_squared`: that over the number of features; `relational`: `objectives.similarity_divergence` of pairs.
        """
        total = torch.zeros((), device=batch.mask.device)
        if self.guide == "relational":
            for a, b in combinations(sorted(z), 2):
                counts = batch.mask & batch.present[a] & batch.present[b]
                rows = similarity_divergence((z[a], z[b]), (guides[a], guides[b]), counts, self.temperature)
                total = total + mean_of_counted(rows, counts)
            return total
        for m in sorted(z):
            rows = embedding_distance(z[m], guides[m])
            total = total + mean_of_counted(rows, batch.mask & batch.present[m])
        return total / self.size if self.guide == "mean_squared" else total
