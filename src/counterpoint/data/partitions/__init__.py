"""Ways to deal a data set to clients. A partition is named by a short text: `natural`, or parts like `dirichlet:0.5`.

`parse` reads the text. `Natural` makes each owner a client. `Joined` deals rows to made-up clients by one or more
parts, each a file here: `dirichlet` (label skew), `quantity` (sizes), `pathological` (few classes), `owner` (feature
skew) and `iid`. On the way, `cells` sorts rows, `rounding` makes whole numbers, `feed` feeds small clients, and
`holdout` draws the clients' tests where the source declares none.
"""

from counterpoint.data.partitions.joined import Joined
from counterpoint.data.partitions.natural import Natural
from counterpoint.data.partitions.reading import parse
from counterpoint.data.partitions.share import DEFAULT_CLIENTS, LEAST_TEST, LEAST_TRAIN, Partition, Share

__all__ = ["DEFAULT_CLIENTS", "LEAST_TEST", "LEAST_TRAIN", "Joined", "Natural", "Partition", "Share", "parse"]
