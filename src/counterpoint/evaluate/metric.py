"""Names of metrics that say what a number is."""

from dataclasses import astuple, dataclass
from typing import Literal, Self

from counterpoint.errors import CounterpointError

ModelKind = Literal["global", "personal", "peer", "-"]
Split = Literal["train", "test", "global_test", "validation", "global_validation", "-"]
Moment = Literal["before", "after", "-"]

OBSERVED = "observed"
"""The pattern under which every sample is seen with whatever modalities it has."""


def client_scope(client: int) -> str:
    """The scope of one client's data."""
    return f"client:{client}"


@dataclass(frozen=True, order=True)
class MetricName:
    """Which number a number is.

    As text its parts are joined by `/`, for example `accuracy/global/server/global_test/acc+gyro/before`. A part that
    has no meaning for a measure is `-`.

    Attributes:
        measure: `accuracy`, `macro_f1`, `auc` (of two classes), `loss` (mean cross-entropy), `samples`;
            `contrastive`, `batch_recall@1`, `recall@K`, `median_rank`, `probe_accuracy[SHARE]` and others of methods
            that align modalities (`methods.aligning`);
            `accuracy[NAME]` and `macro_f1[NAME]` (of a further model that a method names, `labels 0.1` say);
            `bytes_up[BLOCK]`, `bytes_down[BLOCK]` in this round, `total_bytes_up[BLOCK]`, `total_bytes_down[BLOCK]` in
            the whole run; `refused` (uploads refused in this round); or a measure that a method notes. On `global_test`
            and `global_validation` also measures of balance (`evaluate.balance`): `class_std` (over classes, of their
            recalls); of the samples that have all modalities `fusion_gap` (accuracy with all shown, less that of the
            best one alone), `majority` (accuracy of always saying their most frequent class) and `contribution` (of the
            pattern's modality, a Shapley value of accuracy); `confidence[CLASS]` (mean probability of the true class
            over samples of it, shown the pattern's modality alone) and `confidence`, its mean over classes.
        model: `global` (one for all), `personal` (a client's own), `peer`.
        scope: on whose account: `server`; `client:ID`; or over all clients, each counting once: `clients:mean`,
            `clients:worst`, `clients:std` (population standard deviation), `clients:sum`.
        split: `test` (the client's own), `global_test` (held by the server), `train`; where training rows stand in for
            tests, `validation` (the client's own) and `global_validation` (of all clients).
        pattern: `observed` (each sample as it is), or the modalities that the model was shown, of the samples that
            have them all, for example `acc`.
        moment: `before` or `after` local training: `before` is the model as the client receives it.
    """

    measure: str
    model: ModelKind = "-"
    scope: str = "-"
    split: Split = "-"
    pattern: str = "-"
    moment: Moment = "-"

    def __str__(self) -> str:
        return "/".join(astuple(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that `str` wrote."""
        parts = text.rsplit("/", len(cls.__dataclass_fields__) - 1)  # the name of a class in brackets may hold a /
        if len(parts) != len(cls.__dataclass_fields__) or "/" in parts[0].partition("[")[0]:
            raise CounterpointError(f"{text!r} is not the name of a metric")
        return cls(*parts)  # type: ignore[arg-type]  # literals are checked by whoever compares them


@dataclass(frozen=True)
class Metric:
    """One value of one metric in one round. Rounds count from 1; 0 is the state before the first."""

    round: int
    name: MetricName
    value: float
