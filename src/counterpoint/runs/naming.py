"""Names of run folders."""

from pathlib import Path

from counterpoint.runs.config import GIVEN, RunConfig


def default_name(config: RunConfig) -> str:
    """A readable name for a run folder: method, data, what is unusual about data, exchange and network, seed."""
    method = Path(config.method.partition(":")[0]).stem
    d = config.data
    unusual = [value for value in (d.partition, d.missing) if value not in ("natural", "none", GIVEN)]
    unusual += [f"test-{d.missing_test}"] if d.missing_test else []
    unusual += [f"labels-{d.labels}"] if d.labels != "all" else []
    unusual += [f"proxy{d.proxy:g}"] if d.proxy else []
    unusual += [f"validation{d.validation:g}"] if d.validation else []
    unusual += ["+".join(d.modalities)] if d.modalities else []
    unusual += [Path(config.term["name"].partition(":")[0]).stem] if config.term else []
    unusual += [f"{m}-{Path(how).name}" for m, how in d.features.items()]
    ways = {"up": config.exchange.up, "down": config.exchange.down}
    unusual += [f"{way}-{precision}" for way, precision in ways.items() if precision != "float32"]
    unusual += [config.network.topology] if config.network != type(config.network)() else []
    parts = [method, Path(d.name).name, *unusual, f"seed{config.seed}"]
    return "-".join(part.replace(":", "").replace(",", "-") for part in parts)
