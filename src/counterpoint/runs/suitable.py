"""Whether a method and a population go together."""

from counterpoint.data.population import Population
from counterpoint.errors import UserError
from counterpoint.methods import Method


def check_labels(method: Method, population: Population, *, elsewhere: bool = False) -> None:
    """Refuse clients without labels for a method that learns from them, and what else a method cannot do without.

    Args:
        method: of the run.
        population: of the run.
        elsewhere: whether the clients' rows are at their sites, which look at them themselves.

    Raises:
        UserError: a client has no labelled training rows, and the method needs them; or there is no proxy set, or no
            labelled set of the server's, and it needs one.
    """
    if "proxy" in method.needs and population.proxy is None:
        raise UserError(f"{method.name} needs a proxy set, rows without labels that everyone holds: use --proxy 0.1.")
    if "labelled" in method.needs and population.server is None:
        raise UserError(f"{method.name} learns from labels of the server's own rows: use --labels server:0.1.")
    if elsewhere:
        return
    without = [client.id for client in population.clients if not len(client.train)]
    if method.needs_labels and without:
        raise UserError(
            f"{method.name} learns from labels, but {len(without)} of {len(population.clients)} clients (the first is "
            f"client {without[0]}) have no labelled training rows: use --labels rate:0.1 or all, or another method."
        )
