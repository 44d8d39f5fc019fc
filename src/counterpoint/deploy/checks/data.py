"""A look at the data of a site, as a run would read them."""

from pathlib import Path

from counterpoint.deploy.agreement import Agreement
from counterpoint.deploy.checks.finding import Level, Said
from counterpoint.deploy.loader import loaded
from counterpoint.runs.site import site_dataset, site_population

LOADER = "site_data.py"


def look_at_data(folder: Path, agreement: Agreement, site: int, data: str) -> Said:
    """Whether they can be read, and are as agreed."""
    node: dict[str, str | int] = {"site": site}
    if data:
        path = Path(data)
        if not path.exists():
            yield Level.ERROR, f"there is no {data}, where the data of site {site} should be"
            return
        node["data"] = str(path.resolve())
    told = loaded((folder / LOADER).resolve(), node)
    dataset = site_dataset(told, agreement.classes)
    population = site_population(dataset, agreement.modalities, agreement.classes, client=site, seed=0)
    (client,) = population.clients
    agreed = tuple(sorted(agreement.sites[site].modalities))
    if client.modalities != agreed:
        yield (
            Level.ERROR,
            f"site {site} has {', '.join(client.modalities)}, and agreed in agreement.toml is {', '.join(agreed)}:"
            " change the one or the other",
        )
    if not len(client.inputs):
        yield Level.ERROR, f"site {site} has no rows to train on: see {LOADER} and its data"
    tests = f"{len(client.test):,} to test on"
    yield Level.READY, f"{len(client.inputs):,} rows to train on, {tests}, with {', '.join(client.modalities)}"
