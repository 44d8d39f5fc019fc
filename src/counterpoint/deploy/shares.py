"""A share of public data, for a site that has none of its own yet."""

import torch

from counterpoint.data import prepared
from counterpoint.data.population import Dataset, Side
from counterpoint.errors import UserError


def share(name: str, site: int, of: int) -> Dataset:
    """The rows that one of several sites gets of a public data set: of N sites the k-th gets people k, k + N, ...

    Where the data has fewer people (or artists, or languages) than there are sites, natural units are dealt out so.
    Rows of the global test are nobody's: the server has them.

    Args:
        name: of the data set.
        site: number of the site, from 0.
        of: how many sites there are.

    Raises:
        UserError: there is no such data set, or nothing of it is left for the site.
    """
    dataset = prepared(name)
    own = dataset.side != Side.GLOBAL_TEST
    by = dataset.owner if len(dataset.owners) >= of else dataset.samples.unit
    _, place = torch.unique(by, return_inverse=True)
    found = dataset.rows(own & (place % of == site))
    if not len(found.samples):
        raise UserError(f"{name} has nothing for site {site} of {of}: take fewer sites")
    return found
