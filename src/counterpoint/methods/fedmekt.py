"""FedMEKT: server and clients learn from one another's embeddings of a small set of rows that all hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import linear

from counterpoint.data.modality import Modality, Task
from counterpoint.data.samples import Batch
from counterpoint.errors import PackageError
from counterpoint.exchange import Package, per_modality
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.autoencoding import Autoencoding, adam
from counterpoint.methods.client import Client, Objective, Value
from counterpoint.methods.federation import Federation
from counterpoint.methods.search import Search
from counterpoint.models.autoencoders import SplitAutoencoder
from counterpoint.models.build import ModelSettings
from counterpoint.objectives import sequence_divergence
from counterpoint.objectives.sequence import Axis


@dataclass(frozen=True)
class Embeddings(Package):
    """Embeddings of the proxy rows, in their order; the same both ways.

    Attributes:
        first: by modality, h1 [rows, steps, N].
        second: by modality, h2 [rows, steps, r].
    """

    first: Tensors = per_modality()
    second: Tensors = per_modality()


class FedMEKT(Autoencoding):
    """Multimodal embedding knowledge transfer (Le et al., arXiv 2307.13214), with few labels, all at the server.

    Every client and the server has a split autoencoder of its own and keeps it. In a round, with h1_m, h2_m the
    embeddings of the two layers of encoder m, H those that were received, D `objectives.sequence_divergence` with
    temperature 3, x^p proxy rows, rev x a view reversed in time:

    1. Down: the server's H1_m, H2_m of all proxy rows, of the modalities that a client owns.
    2. A client takes `epochs` of Adam on its rows, proxy rows walked beside them. `variant=separate`: for each modality
       m in turn a step of encoder m and all decoders on

           sum_n MSE(x^_n(x_m), rev x_n) + alpha D(h2_m(x^p) || H2_m) + beta D(h1_m(x^p) || H1_m);

       `joint`: one step of all on the sum of these over m, embeddings first mapped by fixed random linear maps, the
       same for all parties, if the client has more than one modality.
    3. Up: the client's h1_m, h2_m of all proxy rows. The server takes their mean over clients, row by row.
    4. The server takes `server_epochs` of Adam on proxy rows, the same objective with eta, gamma and these means.
    5. The server trains the classifier, see `Autoencoding`.

    Neither weights nor private rows nor labels travel. The proxy rows themselves must reach every client once; the
    measure `proxy_bytes` says what that takes. `told_rows` says how many rows are told of, `row_bytes` what embeddings
    of one take one way in 32 bits, `break_even` how many of them cost as much as sending the model.

    The methods section of the paper was not at hand; this follows the authors' code where that does what it means to.
    Deviations from the code, all decisions of ours: the mean is one over clients (theirs is the last client's); proxy
    rows are known by their place, so that equal ones are compared (theirs are drawn anew by each); gradients of one
    objective do not leak into the next; clients are sampled anew each round; on the server the student is the server
    in both variants; a modality that nobody sent has no transfer in this round. Windows have one length, rows are
    batches of the run's size. Decoders write bounded views of samples (`models.autoencoders.views`), so that pictures,
    sound, text and tables take part; a modality of one step has dense layers, and its softmax is over features. Of more
    than two modalities all decode all. Joint distances are means over modalities times how many there are, 2 for two.

    The server's network may be another than that of clients, since only embeddings must agree: `server_layers` makes
    its first layers deeper. Then it begins with numbers of its own, where else all begin alike.

    What is told may be made smaller: `knowledge=last_step` sends the last step alone (softmax over features), and
    `proxy_stride` every so many-th row.
    """

    needs: ClassVar[frozenset[Literal["proxy", "labelled"]]] = frozenset({"proxy", "labelled"})

    _told: Embeddings = Embeddings()

    variant: Annotated[
        Literal["joint", "separate"], Field(description="how embeddings are compared and steps taken")
    ] = "joint"
    alpha: Annotated[float, Field(ge=0, description="clients: of the second layer"), Search(1e-3, 1, log=True)] = 0.05
    beta: Annotated[float, Field(ge=0, description="clients: of the first layer")] = 0.05
    eta: Annotated[float, Field(ge=0, description="server: of the second layer"), Search(1e-3, 1, log=True)] = 0.05
    gamma: Annotated[float, Field(ge=0, description="server: of the first layer")] = 0.05
    temperature: Annotated[float, Field(gt=0, description="T of the divergence")] = 3.0
    kl_axis: Annotated[Axis, Field(description="softmax over the steps of a feature, or over features")] = "time"
    server_lr: Annotated[float, Field(gt=0, description="learning rate of the server's autoencoder")] = 0.001
    server_epochs: Annotated[int, Field(ge=0, description="of the server over proxy rows")] = 2
    knowledge: Annotated[Literal["all_steps", "last_step"], Field(description="what is told of a sequence")] = (
        "all_steps"
    )
    proxy_stride: Annotated[int, Field(ge=1, description="every so many-th proxy row is told of")] = 1

    server_layers: Annotated[int, Field(ge=1, description="that make up the server's first layers")] = 1

    @property
    def server_side(self) -> str:
        """What names of blocks of the server's own autoencoders begin with."""
        return "server_" if self.server_layers > 1 else ""

    def _network(self, modalities: Mapping[str, Modality], task: Task, settings: ModelSettings) -> nn.Module:
        return SplitAutoencoder(modalities, len(task.classes), self.first, self.second, self.server_layers)

    def start(self, fed: Federation) -> None:
        """As initialised; and what it costs to give the proxy rows to every client once."""
        super().start(fed)
        values = fed.server.fold(self._values, self.weights, over="proxy")
        self.proxy_bytes = sum(4.0 * float(v) * fed.owners(f"encoder.{m}") for m, v in values.items())

    def _values(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        """How many numbers each row has, by modality."""
        return {m: batch.present[m] * float(v[0].numel()) for m, v in batch.x.items()}

    def round(self, fed: Federation) -> None:
        """Tell embeddings, hear embeddings, learn from them."""
        told = self.told(fed.server, self.weights, server=True)
        self._told = told
        fed.note("proxy_bytes", self.proxy_bytes)
        fed.note("break_even", self.break_even(told))
        fed.note("told_rows", next(iter(told.first.values())).shape[0])
        fed.note("row_bytes", 4 * numbers_of_row(told))
        sums, counts = _Sum(), 0
        for many in fed.stream(fed.sample(), self.local, told):
            sums.add(many.together)
            counts += len(many)
        heard = sums.mean()
        start = self.weights
        blocks = self.blocks(start, self.server_side)
        self.weights = fed.server.train(
            start,
            self.objectives(start, self.eta, self.gamma, "own"),
            over="proxy",
            using={"first": heard.first, "second": heard.second},
            trainable=blocks,
            remember="autoencoder",
            settings=adam(fed.server.settings, self.server_lr, self.server_epochs),
        )
        self.train_head(fed)

    def accept(self, upload: Package) -> None:
        """Embeddings of as many proxy rows, steps and features as the server's own."""
        expected = self._told.tensors()
        for key, value in upload.tensors().items():
            if key in expected and value.shape != expected[key].shape:
                found, wanted = list(value.shape), list(expected[key].shape)
                raise PackageError(f"its embeddings {'/'.join(key)!r} have shape {found} in place of {wanted}")

    def local(self, client: Client, received: Embeddings) -> Embeddings:
        """Go on from the client's own autoencoder, and tell what it makes of the proxy rows."""
        start = client.load({})
        trained = client.train(
            start,
            self.objectives(start, self.alpha, self.beta, "beside"),
            over="inputs",
            beside="proxy",
            using={"first": received.first, "second": received.second},
            trainable=self.blocks(start),
            remember="optimizer",
            settings=self.learner(client),
        )
        client.memory["model"] = {n: v for n, v in trained.items() if n.startswith(("encoder.", "decoder."))}
        return self.told(client, trained)

    def told(self, client: Client, params: Tensors, *, server: bool = False) -> Embeddings:
        """Embeddings of the proxy rows, of a client's network or of the server's."""
        program = self._servers if server else self._embeddings
        found = client.fold(program, params, over="proxy", reduce="concatenate")
        names = self.owned(params)
        thinned = client.map(lambda values: {key: v[:: self.proxy_stride] for key, v in values.items()}, found)
        return Embeddings({m: thinned[f"h1.{m}"] for m in names}, {m: thinned[f"h2.{m}"] for m in names})

    def break_even(self, told: Embeddings) -> float:
        """So many rows told of cost a client with all modalities as much as its encoders and decoders do."""
        model = sum(v.numel() for n, v in self.weights.items() if n.startswith(("encoder.", "decoder.")))
        return model / numbers_of_row(told)

    def _servers(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        return self._embeddings(params, batch, using, server=True)

    def _embeddings(self, params: Tensors, batch: Batch, using: Mapping[str, Any], *, server: bool = False) -> Tensors:
        parts = self.model.parts(params, batch, train=False, server=server)
        return {f"{h}.{m}": self._kept(values) for h in ("h1", "h2") for m, values in parts[h].items()}

    def _kept(self, values: Tensor) -> Tensor:
        return values[:, -1:] if self.knowledge == "last_step" else values

    def objectives(
        self, params: Mapping[str, Value], second: float, first: float, where: Literal["own", "beside"]
    ) -> list[Objective]:
        """What is minimised in turn.

        Args:
            params: of whoever trains.
            second: weight of the divergence of second layers.
            first: of first layers.
            where: whether proxy rows are the batch itself, the server's case, or walked beside it.
        """
        side = self.server_side if where == "own" else ""
        how: dict[str, Any] = {"second": second, "first": first, "where": where}
        names = self.owned(params)
        if self.variant == "joint":
            return [Objective(partial(self.reads, modalities=tuple(names), joint=len(names) > 1, **how))]
        decoders = [f"{side}decoder.{m}" for m in names]
        return [
            Objective(partial(self.reads, modalities=(m,), joint=False, **how), [f"{side}encoder.{m}", *decoders])
            for m in names
        ]

    def reads(
        self,
        params: Tensors,
        batch: Batch,
        using: Mapping[str, Any],
        *,
        modalities: tuple[str, ...],
        joint: bool,
        second: float,
        first: float,
        where: str,
    ) -> Tensor:
        """Reconstruction from these modalities, and the distance of their embeddings from those received."""
        parts = self.model.parts(params, batch, reads=modalities, writes=True, server=where == "own")
        total = self.reconstruction(parts, batch)
        if where == "own":
            proxy = batch
        else:
            proxy = using["beside"]
            parts = self.model.parts(params, proxy, reads=modalities) if second or first else parts
        for m in modalities:
            for weight, own, layer in ((second, "h2", "second"), (first, "h1", "first")):
                if weight and m in using[layer]:
                    apart = self._apart(params, parts[own][m], using[layer][m], proxy, m, layer if joint else "")
                    total = total + weight * apart
        return total

    def _apart(self, params: Tensors, student: Tensor, told: Tensor, proxy: Batch, modality: str, joint: str) -> Tensor:
        """Mean divergence over the proxy rows of a batch that are told of and have the modality."""
        teacher = told[proxy.index // self.proxy_stride]
        student = self._kept(student)
        if joint:
            weight, bias = params[f"joint.{joint}.weight"], params[f"joint.{joint}.bias"]
            student, teacher = linear(student, weight, bias), linear(teacher, weight, bias)
        rows = sequence_divergence(student, teacher, self.temperature, self.kl_axis)
        counts = proxy.mask & proxy.present[modality] & (proxy.index % self.proxy_stride == 0)
        return torch.where(counts, rows, 0.0).sum() / counts.sum().clamp(min=1)


def numbers_of_row(told: Embeddings) -> int:
    """How many numbers are told of a row, of all modalities together."""
    return sum(value[0].numel() for value in told.tensors().values())


class _Sum:
    """Sums of what was told, by modality."""

    def __init__(self) -> None:
        self.totals: dict[tuple[str, str], Tensor] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.kinds: dict[tuple[str, str], torch.dtype] = {}

    def add(self, together: Embeddings) -> None:
        """What some clients told, tensors [clients, ...]."""
        for key, value in together.tensors().items():
            total = value.double().sum(0)
            self.totals[key] = self.totals[key] + total if key in self.totals else total
            self.counts[key] = self.counts.get(key, 0) + len(value)
            self.kinds[key] = value.dtype

    def mean(self) -> Embeddings:
        """The mean over the clients that told of a modality."""
        return Embeddings.of_tensors(
            {k: (total / self.counts[k]).to(self.kinds[k]) for k, total in self.totals.items()}
        )
