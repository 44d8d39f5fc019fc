"""What there is below and above federated autoencoders: the server's rows alone, and all rows pooled."""

from typing import ClassVar

from counterpoint.methods.autoencoding import Autoencoding, adam
from counterpoint.methods.federation import Federation


class ServerOnly(Autoencoding):
    """Encoders and classifier trained on the server's labelled rows alone, end to end: the bar to clear.

    No client takes part. Whatever learns from clients' rows without labels must be better than this to be worth it. A
    round is `epochs` of Adam on the cross-entropy that trains the classifier elsewhere; all encoders move.
    """

    name = "server-only"

    def round(self, fed: Federation) -> None:
        """Train on the server's own rows."""
        encoders = [f"encoder.{m}" for m in self.owned(self.weights)]
        self.weights = fed.server.train(
            self.weights,
            self.head_loss,
            over="labelled",
            trainable=[*encoders, "head"],
            remember="all",
            settings=self.learner(fed.server),
        )


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
