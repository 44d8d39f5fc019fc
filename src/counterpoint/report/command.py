"""The command that does a run again."""

import json
import shlex
from typing import Any

from counterpoint.report.parts import Code
from counterpoint.runs.config import GIVEN, SECTIONS, RunConfig

TRAIN_FLAGS = ("epochs", "batch_size", "lr")
DATA_FLAGS = (
    "partition",
    "clients",
    "missing",
    "missing_test",
    "labels",
    "proxy",
    "validation",
    "modalities",
    "features",
)


def reproduce(config: RunConfig) -> Code:
    """The command, or the Python call if the run was given objects that no command can name.

    Over Flower it is that of the same run in one process, unless sites had data of their own.
    """
    if config.engine == "flower" and config.data.partition == GIVEN:
        return Code(
            "Run over Flower, with data that are at their sites; in the folder of the app", "flwr run . --stream"
        )
    if config.engine == "flower":
        same = command_line(config.model_copy(update={"engine": "sequential"}))
        return Code("Run over Flower; in one process the same numbers come out of", same)
    if config.given:
        objects = " and ".join(f"a {what}" for what in config.given)
        return Code(f"Started from Python with {objects} of its own, which no command can name", python_call(config))
    return Code("Command", command_line(config))


def command_line(config: RunConfig) -> str:
    """`counterpoint run ...` with every flag that has one, and `--set` for all else that is not the default."""
    flags = {name.replace("_", "-"): value for name, value in arguments(config).items()}
    words = [f"--{name} {shlex.quote(_word(value))}" for name, value in flags.items()]
    words += [f"--set {shlex.quote(f'{key}={_word(value)}')}" for key, value in settings(config).items()]
    start = f"counterpoint run {shlex.quote(config.method)} --data {shlex.quote(config.data.name)}"
    return " \\\n  ".join([start, *words])


def python_call(config: RunConfig) -> str:
    """`counterpoint.run(...)`, with names to be filled in for objects."""
    method = "YOUR_METHOD" if "method" in config.given else repr(config.method)
    data = "YOUR_POPULATION" if "data" in config.given else repr(config.data.name)
    found = arguments(config)
    if "data" in config.given:
        found = {name: value for name, value in found.items() if name not in DATA_FLAGS}
    lines = [method, data, *(f"{name}={value!r}" for name, value in found.items())]
    lines += [f"settings={settings(config)!r}"] if settings(config) else []
    lines += ["model=YOUR_MODEL"] if "model" in config.given else []
    return "counterpoint.run(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def arguments(config: RunConfig) -> dict[str, Any]:
    """What has a flag of its own, without what is None."""
    data = config.data
    found = {
        "rounds": config.rounds,
        "clients": data.clients,
        "participation": config.participation,
        "partition": data.partition,
        "missing": data.missing,
        "missing_test": data.missing_test,
        "labels": None if data.labels == "all" else data.labels,
        "proxy": data.proxy or None,
        "validation": data.validation or None,
        "modalities": data.modalities and list(data.modalities),
        "features": data.features or None,
        **{name: getattr(config.train, name) for name in TRAIN_FLAGS},
        "seed": config.seed,
        "engine": config.engine,
        "stack": config.stack,
        "device": config.device,
    }
    return {name: value for name, value in found.items() if value is not None}


def settings(config: RunConfig) -> dict[str, Any]:
    """What `--set` says: every option of the method, and of other settings those that are not the default."""
    default = RunConfig(method=config.method, data=config.data)
    found = dict(config.options)
    for section, keys in SECTIONS.items():
        now, usual = getattr(config, section), getattr(default, section)
        for key in keys:
            if not (section == "train" and key in TRAIN_FLAGS) and getattr(now, key) != getattr(usual, key):
                found[f"{section}.{key}"] = getattr(now, key)
    options = dict(config.term)
    found |= {"term": options.pop("name")} if options else {}
    return found | {f"term.{key}": value for key, value in options.items()}


def _word(value: Any) -> str:
    """A value as the command line takes it: lists and mappings with commas."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    if isinstance(value, dict):
        return ",".join(f"{key}={part}" for key, part in value.items())
    return value if isinstance(value, str) else json.dumps(value)
