"""From a data set to a population: set rows aside, deal the others to clients, draw what is missing, hide labels."""

from counterpoint.data import labels as labelling
from counterpoint.data import partitions
from counterpoint.data.drawn import Plain, tell, tell_client
from counterpoint.data.masking import taken
from counterpoint.data.members import aside, members_of
from counterpoint.data.missing import lose, parse_gaps
from counterpoint.data.population import Dataset, Population, Side
from counterpoint.data.samples import concatenate
from counterpoint.data.setaside import set_aside
from counterpoint.data.validation import blinded, check_share, rates_named, stand_in, without_tests


def populate(
    dataset: Dataset,
    *,
    partition: str = "natural",
    clients: int | None = None,
    missing: str = "none",
    missing_test: str | None = None,
    labels: str = "all",
    proxy: float = 0.0,
    validation: float = 0.0,
    seed: int = 0,
) -> Population:
    """Deal a data set to clients 0, 1, 2, ... and draw what they lack; all of it decided by the seed.

    First proxy and server set are taken out of the training rows; then the others are dealt; then it is drawn what is
    missing; last, labels are hidden, which changes nothing else (so partitions by label, and `sample:RATE:label`, look
    at those that are then hidden too). Missingness holds in train, client test and global
    test, each drawn by itself; tests may have another (`missing_test`). With `client:RATE` the natural owners of the
    global test set lose modalities in a draw of their own; with types of clients it stays complete. Proxy and server
    set are complete: they lack only what the origin does.

    With `validation`, rows out of each client's training rows stand in for all tests, to choose settings by: they are a
    client's `test`, and those of all clients together the global one, and they lose what training rows do. Rows of the
    tests are dropped. They have no influence on anything but by this: a partition looks at the labels of all the rows
    that it deals, of which clients' tests are drawn afterwards where the source declares none.

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
        validation: share of each client's training rows that stands in for all tests, in [0, 1); 0 for tests as they
            are. See `validation.stand_in`.
        seed: of the run.

    Raises:
        UserError: a text cannot be read, or the data cannot give what is asked.
    """
    check_share(validation, missing_test)
    dealing, gaps, known = partitions.parse(partition), parse_gaps(missing, missing_test), labelling.parse(labels)
    gaps.check(dataset)
    sided = set_aside(dataset, proxy, known.server, seed)
    wanted = gaps.clients(clients, natural=dealing.spec == "natural")
    shares, summary = dealing.deal(blinded(sided) if validation else sided, wanted, seed)
    gaps.check_clients(len(shares))
    validated: Plain = {}
    if validation:
        sided, shares, validated = stand_in(sided, shares, validation, seed)
        summary = without_tests(summary)
    left = lose(sided, shares, gaps, seed)
    members = members_of(sided.samples, [share.name for share in shares], left, known, seed)
    (test,) = taken(sided.samples, [left.held], [sided.samples.modalities])
    if validation:
        shapes = {name: modality.shape for name, modality in dataset.modalities.items()}
        test = concatenate([test, *(client.test for client in members)], shapes)
    common, server = aside(sided, Side.PROXY, hidden=True), aside(sided, Side.SERVER, hidden=False)
    classes = dataset.task.classes
    lost = rates_named(left.drawn) if validation else left.drawn
    held = {**tell(test, classes), **(validated or lost["test"])}
    drawn = {
        "seed": seed,
        "partition": {"spec": dealing.spec, "clients": len(members), **summary},
        **{what: told for what, told in lost.items() if what != "test"},
        "labels": {"spec": known.spec},
        "clients": [tell_client(*one, classes) for one in zip(members, left.types, strict=True)],
        "validation" if validation else "test": held,
        **{what: tell(rows, classes) for what, rows in (("proxy", common), ("server", server)) if rows is not None},
    }
    return Population(
        dataset.name,
        dataset.task,
        dataset.modalities,
        members,
        test,
        dataset.card,
        drawn,
        common,
        server,
        validation,
    )
