"""DMML-KD: no server; a generator draws the common features of all devices together, and fast modalities wait."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from counterpoint.data.modality import Task
from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.exchange import Blocks
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.allocation import allocate, imbalance, smoothed, speeds
from counterpoint.methods.client import Client, Value
from counterpoint.methods.common_features import class_distance, class_sums
from counterpoint.methods.decentralised import Decentralised
from counterpoint.methods.peer import Peer
from counterpoint.methods.search import Search
from counterpoint.models.build import Assembly, ModelSettings
from counterpoint.models.decomposed import Decomposed
from counterpoint.objectives import cross_entropy, diversity, orthogonality, soft_divergence

COMMON = ("common.weight", "common.bias")
"""W_c, the classifier of common features that all modalities share."""


class DMMLKD(Decentralised):
    """Distillation and training balance without a server (Yin, Chen, Tao, arXiv 2311.06500), as we read its abstract.

    Only the abstract was at hand. From it come: no server; energy-limited wireless devices; features decomposed into a
    modality-common and a modality-specific part; a generator of the common features' global conditional distribution,
    towards which it draws those of all devices; fewer local iterations for modalities that train fast, by a metric of
    parameter variation, within each device's remaining energy. **Every formula below is our decision, not the
    paper's.**

    Network: `models.decomposed.Decomposed`. With c^m and s^m the parts of modality m, c their mean over modalities, W_c
    one classifier of common features, W_f the head on [c; s^1; ...; s^M], G the generator, device k minimises over rows
    (x, y)

        CE(W_f, y) + common 1/M sum_m CE(W_c(c^m), y) + orthogonality 1/M sum_m L_orth(c^m, s^m)
        + decay^t (distillation 1/M sum_m T^2 KL(softmax(W_c(G(e, y))/T) || softmax(W_c(c^m)/T))
        + exposure CE(W_c(G(e', y')), y'))

    with y' drawn of all classes and G frozen; terms with G from the second round on. Then G takes `generator_steps`
    steps on sum_j a_kj CE(W_c,j(G(e, y)), y) + diversity L_div over itself and the neighbours j whose W_c it heard in
    the exchange before, a_kj even.

    Modality m takes K_m of at most `most` iterations: the largest common progress K_m v_m that the round's share of the
    battery pays for, see `methods.allocation`; v_m, the relative change of its encoder and split per iteration, is
    measured before mixing and smoothed. From iteration K_m on its encoder and split do not move, and its own terms are
    gone. A device that cannot pay for `least` iterations is silent, and saves its share.

    All blocks a device owns are sent and mixed, G too; the optimiser's state is fresh in every round, but that of G.
    """

    name = "dmml-kd"
    takes_terms: ClassVar[bool] = False
    usual_lr: ClassVar[float] = 0.05

    most: Annotated[int, Field(ge=1, description="K_max, local iterations of a modality at most")] = 20
    least: Annotated[int, Field(ge=1, description="K_min, at least, unless the device is silent")] = 1
    balanced: Annotated[bool, Field(description="whether modalities that train fast take fewer iterations")] = True
    inverse: Annotated[bool, Field(description="whether less change counts as faster")] = False
    smoothing: Annotated[float, Field(ge=0, lt=1, description="of speeds: weight of the past")] = 0.9
    distils: Annotated[bool, Field(description="whether there is a generator, and what it teaches")] = True
    common: Annotated[
        float, Field(ge=0, description="weight of the common features' cross-entropy"), Search(0.1, 2.0, log=True)
    ] = 1.0
    distillation: Annotated[
        float, Field(ge=0, description="weight of the divergence from the generator's"), Search(0.1, 10.0, log=True)
    ] = 1.0
    exposure: Annotated[
        float, Field(ge=0, description="weight of the cross-entropy on what is generated"), Search(0.1, 10.0, log=True)
    ] = 1.0
    decay: Annotated[float, Field(gt=0, le=1, description="of both, a round")] = 0.98
    temperature: Annotated[float, Field(gt=0, description="T of the divergence")] = 1.0
    orthogonality: Annotated[float, Field(ge=0, description="weight of common against specific")] = 0.1
    diversity: Annotated[float, Field(ge=0, description="weight of the generator's diversity")] = 1.0
    generator_steps: Annotated[int, Field(ge=1, description="of the generator a round")] = 5
    generator_lr: Annotated[float, Field(gt=0, description="of the generator's Adam")] = 3e-4
    common_width: Annotated[int, Field(ge=1, description="of common features")] = 32
    specific_width: Annotated[int, Field(ge=1, description="of specific features")] = 32
    noise: Annotated[int, Field(ge=1, description="width of the generator's noise")] = 32
    hidden: Annotated[int, Field(ge=1, description="width inside the generator")] = 256

    def assembly(self) -> Assembly:
        """The network of common and specific parts."""
        return self._network

    def _network(self, encoders: Mapping[str, nn.Module], task: Task, settings: ModelSettings) -> Decomposed:
        if settings.fusion != ModelSettings().fusion:
            raise UserError(f"dmml-kd has a head of its own: leave out model.fusion={settings.fusion}")
        return Decomposed(
            encoders,
            settings.width,
            len(task.classes),
            common=self.common_width,
            specific=self.specific_width,
            noise=self.noise,
            hidden=self.hidden,
            dropout=settings.dropout,
        )

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.model.layout[COMMON[0]].shape[0]

    def owned(self, params: Mapping[str, Any]) -> list[str]:
        """The modalities of which there are tensors."""
        return [m for m in self.model.modalities if any(name.startswith(f"split.{m}.") for name in params)]

    def sent(self, params: Tensors) -> Tensors:
        """What goes to neighbours: all, but a generator that nobody uses."""
        return {n: v for n, v in params.items() if self.distils or not n.startswith("generator.")}

    def peer(self, peer: Peer) -> None:
        """Choose iterations, train, teach the generator, measure speeds, and mix."""
        start = peer.load({})
        names = self.owned(start)
        unknown = {m: torch.tensor([1.0, 0.0], dtype=torch.float64) for m in names}
        speed = peer.memory.get("speed", unknown)
        counts = peer.map(self._allocation(peer, names, start), speed, peer.device)
        active = peer.map(lambda k: k.max() > 0, counts)
        trained = self._trained(peer, start, counts, names)
        if self.distils:
            trained = self._generating(peer, trained, active)
        speed = peer.map(partial(self._renewed, names), speed, start, trained, counts)
        peer.memory["speed"] = speed
        heard = peer.exchange(Blocks(self.sent(trained)), active=active)
        peer.memory["model"] = {**trained, **heard.mixed()}
        if self.distils:
            peer.memory["heard"] = {"there": heard.there, **heard.each(COMMON)}
        self._tell(peer, names, speed, counts)

    def _allocation(self, peer: Peer, names: Sequence[str], start: Tensors) -> Callable[..., Tensor]:
        """(speeds by modality, device) -> iterations of each modality, int64 [modalities]."""
        layout = self.model.layout
        blocks = sorted({layout[n].block for n in start})
        heads = [b for b in blocks if b != "generator" and not b.startswith(("encoder.", "split."))]
        size = peer.size(self.sent(start))
        rounds_left = peer.rounds - peer.round + 1

        def choose(speed: Mapping[str, Tensor], device: Mapping[str, Tensor]) -> Tensor:
            joules = torch.stack([device[f"step.encoder.{m}"] + device[f"step.split.{m}"] for m in names])
            generating = device["step.generator"] * self.generator_steps * self.distils
            return allocate(
                _speeds(speed),
                joules,
                present=torch.ones_like(joules, dtype=torch.bool),
                share=device["left"] / rounds_left,
                sending=device["byte"] * size,
                head=torch.stack([device[f"step.{b}"] for b in heads]).sum(),
                fixed=generating,
                forward_share=device["waiting"],
                k_min=self.least,
                k_max=self.most,
                balance=self.balanced,
                speed_sign=-1 if self.inverse else 1,
            )

        return choose

    def _trained(self, peer: Peer, start: Tensors, counts: Value, names: Sequence[str]) -> Tensors:
        """Start after local training."""
        rows, classes = peer.settings.batch_size, self.classes
        by_name = peer.map(lambda k: {m: k[n] for n, m in enumerate(names)}, counts)
        steps = {f"{part}.{m}": by_name[m] for m in names for part in ("encoder", "split")}
        using: dict[str, Any] = {"steps": by_name}
        if self.distils and peer.round > 1:
            draws = peer.rng("generated")
            using["noise"] = draws.normal(self.most, 2, rows, self.noise)
            using["labels"] = draws.integers(classes, self.most, rows)
            using["weight"] = torch.tensor(self.decay ** (peer.round - 1))
        blocks = [b for b in self.model.layout.blocks if b != "generator"]
        return peer.train(start, self.loss, using=using, steps=steps, trainable=blocks, numbered=True)

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The local objective in one iteration, one value a row."""
        generated = None
        if "noise" in using:
            rows = len(batch.label)
            noise = using["noise"].index_select(0, using["step"][None])[0, :, :rows].flatten(0, 1)
            other = using["labels"].index_select(0, using["step"][None])[0, :rows]
            generated = noise, torch.cat([batch.label, other])
        parts = self.model.parts(params, batch, generated=generated)
        value = cross_entropy(parts["out"]["fused"], batch.label)
        names = sorted(batch.x)
        for m in names:
            moves = (using["step"] < using["steps"][m]) / len(names)
            value = value + moves * self._of_modality(m, parts, batch, using)
        if generated is not None:
            rows = len(batch.label)
            value = value + using["weight"] * self.exposure * cross_entropy(
                parts["generated"]["classified"][rows:], generated[1][rows:]
            )
        return value

    def _of_modality(self, m: str, parts: Mapping[str, Any], batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The terms of one modality, one value a row; 0 in rows that lack it."""
        logits, present = parts["classified"][m], batch.present[m]
        own = self.common * cross_entropy(logits, batch.label)
        if "generated" in parts:
            teacher = parts["generated"]["classified"][: len(batch.label)]
            term = self.temperature**2 * soft_divergence(logits, teacher, self.temperature)
            own = own + using["weight"] * self.distillation * term
        value = torch.where(present, own, 0.0)
        if self.orthogonality > 0:
            value = value + self.orthogonality * orthogonality(
                parts["common"][m], parts["specific"][m], batch.mask & present
            )
        return value

    def _generating(self, peer: Peer, params: Tensors, active: Value) -> Tensors:
        """The same after the generator's steps on the classifiers of those heard last, and its own."""
        rows, classes = peer.settings.batch_size, self.classes
        own = {name: params[name] for name in COMMON}
        before = peer.map(_alone, own)
        heard = peer.memory.get("heard", before)
        draws = peer.rng("generator")
        using = {
            "classifiers": peer.map(_with_own, heard, own),
            "noise": draws.normal(self.generator_steps, rows, self.noise),
            "labels": draws.integers(classes, self.generator_steps, rows),
        }
        learner = replace(
            peer.settings, optimizer="adam", lr=self.generator_lr, momentum=0.0, weight_decay=0.0, lr_end=None
        )
        return peer.train(
            params,
            self.generator_loss,
            using=using,
            steps=peer.map(lambda speaks: speaks * self.generator_steps, active),
            trainable=["generator"],
            numbered=True,
            remember="generator",
            settings=learner,
        )

    def generator_loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The generator's objective, a scalar; no row of data is looked at."""
        step = using["step"][None]
        noise, labels = (using[name].index_select(0, step)[0] for name in ("noise", "labels"))
        feature = self.model.parts(params, batch.only(()), generated=(noise, labels))["generated"]["feature"]
        weight, bias = (using["classifiers"][name] for name in COMMON)
        there = using["classifiers"]["there"]
        logits = torch.einsum("rw,pcw->prc", feature, weight) + bias[:, None]
        each = cross_entropy(logits.flatten(0, 1), labels.repeat(len(weight))).view(len(weight), -1).mean(1)
        value: Tensor = (torch.where(there, each, 0.0) / there.sum()).sum()
        return value + self.diversity * diversity(noise, feature)

    def _renewed(
        self, names: Sequence[str], old: Mapping[str, Tensor], start: Tensors, trained: Tensors, counts: Tensor
    ) -> dict[str, Tensor]:
        """By modality its speed and how many rounds it is of, float64 [2]; a silent device keeps its own."""
        own = [{n: v for n, v in start.items() if n.startswith((f"encoder.{m}.", f"split.{m}."))} for m in names]
        new = torch.stack([speeds(o, {n: trained[n] for n in o}, counts[i]) for i, o in enumerate(own)])
        every, rounds = _speeds(old), torch.stack([old[m][1] for m in names])
        v = smoothed(every, new, self.smoothing, seen=rounds > 0, measured=counts > 0)
        return {m: torch.stack([v[i], rounds[i] + (counts[i] > 0)]) for i, m in enumerate(names)}

    def _tell(self, peer: Peer, names: Sequence[str], speed: Value, counts: Value) -> None:
        for n, m in enumerate(names):
            peer.note(f"steps[{m}]", peer.map(lambda k, n=n: k[n].double(), counts))
            peer.note(f"speed[{m}]", peer.map(lambda v, m=m: torch.where(v[m][1] > 0, v[m][0], torch.nan), speed))
        if len(names) > 1:
            peer.note("imbalance", peer.map(_imbalance, speed))

    def tally(self, client: Client, params: Tensors, over: str) -> Value:
        """The usual sums, and those of common features by class."""
        own = client.fold(self._class_sums, params, over=over, reduce="sum")
        return {**super().tally(client, params, over), **own}

    def _class_sums(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        features = self.model.parts(params, batch, train=False)["common"]
        return class_sums(features, batch.present, batch.label, batch.mask, self.classes)

    def across(self, sums: Mapping[int, Mapping[str, Tensor]]) -> dict[tuple[str, str], float]:
        """`common_distance` by modality, see `common_features.class_distance`."""
        return {("common_distance", m): value for m, value in class_distance(sums).items()}


def _speeds(told: Mapping[str, Tensor]) -> Tensor:
    """Speeds in order of modalities, float64 [modalities]."""
    return torch.stack([told[m][0] for m in sorted(told)])


def _imbalance(told: Mapping[str, Tensor]) -> Tensor:
    v = _speeds(told)
    return imbalance(v, torch.ones_like(v, dtype=torch.bool))


def _alone(own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a peer has heard that has heard nobody: itself."""
    here = next(iter(own.values()))
    return {"there": torch.ones_like(here.flatten()[:1], dtype=torch.bool), **{n: v[None] for n, v in own.items()}}


def _with_own(heard: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What was heard, with the peer's own classifier as it is now in place 0."""
    return {"there": heard["there"], **{n: torch.cat([v[None], heard[n][1:]]) for n, v in own.items()}}
