"""Help: every command has an example, and the defaults that it names are those of `runs.run`."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from counterpoint import __version__, runs

COMMANDS = [
    (),
    ("run",),
    ("compare",),
    ("sweep",),
    ("sweep",),
    ("resume",),
    ("report",),
    ("methods",),
    ("data",),
    ("data", "list"),
    ("data", "show"),
    ("data", "get"),
    ("data", "check"),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_has_an_example(call: Callable[..., Any], command: tuple[str, ...], flag: str) -> None:
    status, out, err = call(*command, flag)
    assert (status, err) == (0, "")
    example = out.partition("Example:\n")[2].strip()
    assert example.startswith(" ".join(["counterpoint", *command]))
    assert "\\" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("command", [(), ("data",)])
def test_alone_means_help(call: Callable[..., Any], command: tuple[str, ...]) -> None:
    assert call(*command) == call(*command, "--help")


def test_every_parameter_of_run_has_its_option_and_default(call: Callable[..., Any]) -> None:
    entries = re.split(r"\n  (?=-)", call("run", "--help").out)
    shown = {}
    for entry in entries:
        option, default = entry.split()[0], re.search(r"\[default: ([^\]]+)\]", entry)
        shown[option.removeprefix("--").replace("-", "_")] = default and default[1]
    parameters = inspect.signature(runs.run).parameters
    for name in parameters.keys() - {"method", "data", "settings", "model", "watcher"}:
        default = parameters[name].default
        assert shown[name] == (None if default is None else str(default))


def test_options_not_given_are_left_to_run(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def note(*_: object, **options: object) -> None:
        seen.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "run", note)
    call("run", "fedavg", "--data", "watch", "--batch-size", "8", "--set", "mu=1", "--set", " mu = 0.5=x ")
    del seen["watcher"]
    assert seen == {"batch_size": 8, "settings": {"mu": "0.5=x"}}


def test_version(call: Callable[..., Any]) -> None:
    assert call("--version") == (0, f"counterpoint {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["--version"], ["resume", "--help"], ["data", "--help"], ["rnu"]]
)
def test_no_torch_for_help(arguments: list[str]) -> None:
    program = "import sys; from counterpoint.cli.main import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True)
