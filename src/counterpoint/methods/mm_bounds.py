"""What there is below and above federated autoencoders: the server's rows alone, each client alone, all rows pooled."""

from typing import ClassVar, Literal

from counterpoint.errors import UserError
from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.autoencoding import HEAD, Autoencoding, adam
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation
from counterpoint.methods.settings import TrainSettings


class ServerOnly(Autoencoding):
    """Encoders and classifier trained on the server's labelled rows alone, end to end: the bar to clear.

    No client takes part. Whatever learns from clients' rows without labels must be better than this to be worth it. A
    round is `epochs` of Adam on the cross-entropy that trains the classifier elsewhere; all encoders move.
    """

    name = "server-only"

    def round(self, fed: Federation) -> None:
        """Train on the server's own rows."""
        encoders = [f"encoder.{m}" for m in self.owned(self.weights)]
        self.learn_labels(fed, [*encoders, HEAD], self.learner(fed.server))


class MMLocal(Autoencoding):
    """No federation: each client trains autoencoders on its own rows, and a classifier on the server's labelled rows.

    In simulation only are these handed out to clients, so that what each learns alone can be scored as the others are.
    Encoders are never taught by labels. Each client keeps its own model; no tensor of one travels.
    """

    name = "mm-local"
    model_kind = "personal"
    hands_out: ClassVar[frozenset[Literal["proxy", "labelled"]]] = frozenset({"labelled"})

    def check(self, settings: TrainSettings) -> None:
        """Refuse what only a model of the server's could answer."""
        if self.label_shares:
            raise UserError(f"{self.name} has no model of the server's to score: leave out label_shares")

    def offer(self) -> Weights:
        """Nothing."""
        return Weights()

    def round(self, fed: Federation) -> None:
        """Let a sample of clients train on."""
        fed.visit(fed.sample(), self.local, self.offer())

    def local(self, client: Client, received: Weights) -> Weights:
        """Train on from the client's own model."""
        start = client.load({})
        trained = client.train(
            start,
            self.in_turn(start),
            over="inputs",
            trainable=self.blocks(start),
            remember="optimizer",
            settings=self.learner(client),
        )
        if self.head_epochs:
            how = adam(client.settings, self.head_lr, self.head_epochs)
            trained = client.train(
                trained, self.head_loss, over="labelled", trainable=[HEAD], remember=HEAD, settings=how
            )
        client.memory["model"] = trained
        return Weights(samples=client.sizes)

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The client's own model, as it is."""
        return client.load({})


class MMCentralized(Autoencoding):
    """Autoencoders trained on the pooled rows of all clients, a classifier on the server's: the bound of `mm-fedavg`.

    It exists in simulation only. Labels of pooled rows are not read.
    """

    name = "mm-centralized"
    needs_pool: ClassVar[bool] = True

    def round(self, fed: Federation) -> None:
        """Train autoencoders on the pool, the classifier on the server's rows."""
        self.weights = fed.server.train(
            self.weights,
            self.in_turn(self.weights),
            over="inputs",
            trainable=self.blocks(self.weights),
            remember="autoencoder",
            settings=adam(fed.server.settings, fed.server.settings.lr),
        )
        self.train_head(fed)
