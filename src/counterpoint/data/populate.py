"""From a data set to a population: set rows aside, deal the others to clients, draw what is missing, hide labels."""

from counterpoint.data import labels as labelling
from counterpoint.data import partitions
from counterpoint.data.drawn import tell, tell_client
from counterpoint.data.masking import taken
from counterpoint.data.members import aside, members_of
from counterpoint.data.missing import lose, parse_gaps
from counterpoint.data.population import Dataset, Population, Side
from counterpoint.data.setaside import set_aside


def populate(
    dataset: Dataset,
    *,
    partition: str = "natural",
    clients: int | None = None,
    missing: str = "none",
    missing_test: str | None = None,
    labels: str = "all",
    proxy: float = 0.0,
    seed: int = 0,
) -> Population:
    """Deal a data set to clients 0, 1, 2, ... and draw what they lack; all of it decided by the seed.

    First proxy and server set are taken out of the training rows; then the others are dealt; then it is drawn what is
    missing; last, labels are hidden, which changes nothing else (so partitions by label, and `sample:RATE:label`, look
    at those that are then hidden too). Missingness holds in train, client test and global
    test, each drawn by itself; tests may have another (`missing_test`). With `client:RATE` the natural owners of the
    global test set lose modalities in a draw of their own; with types of clients it stays complete. Proxy and server
    set are complete: they lack only what the origin does.

    What is lost is overwritten with zero. A client owns the modalities that its training rows show, with labels or
    without; it is never tested on others. Rows that show no modality are dropped.

    Args:
        dataset: from a source. Its values are copied once.
        partition: `natural`, `dirichlet:ALPHA` and others, see `partitions.parse`.
        clients: how many, or None for the partition's own number, or that of the types in `missing`.
        missing: `none`, `client:RATE`, `sample:RATE` and others, see `missing.parse`.
        missing_test: the same for all tests, None if they lose as training does, see `missing.Gaps`.
        labels: `all`, `server`, `server:SHARE` or `rate:SHARE`, see `labels.parse`.
        proxy: share of the training units that everyone holds, without labels, in [0, 1).
        seed: of the run.

    Raises:
        UserError: a text cannot be read, or the data cannot give what is asked.
    """
    dealing, gaps, known = partitions.parse(partition), parse_gaps(missing, missing_test), labelling.parse(labels)
    gaps.check(dataset)
    sided = set_aside(dataset, proxy, known.server, seed)
    shares, summary = dealing.deal(sided, gaps.clients(clients, natural=dealing.spec == "natural"), seed)
    gaps.check_clients(len(shares))
    left = lose(sided, shares, gaps, seed)
    members = members_of(dataset.samples, [share.name for share in shares], left, known, seed)
    (test,) = taken(dataset.samples, [left.held], [dataset.samples.modalities])
    common, server = aside(sided, Side.PROXY, hidden=True), aside(sided, Side.SERVER, hidden=False)
    classes = dataset.task.classes
    drawn = {
        "seed": seed,
        "partition": {"spec": dealing.spec, "clients": len(members), **summary},
        **{what: told for what, told in left.drawn.items() if what != "test"},
        "labels": {"spec": known.spec},
        "clients": [tell_client(*one, classes) for one in zip(members, left.types, strict=True)],
        "test": {**tell(test, classes), **left.drawn["test"]},
        **{what: tell(rows, classes) for what, rows in (("proxy", common), ("server", server)) if rows is not None},
    }
    return Population(
        dataset.name, dataset.task, dataset.modalities, members, test, dataset.card, drawn, common, server
    )
