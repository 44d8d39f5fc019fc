"""The table of what devices spent."""

import io
from typing import Any

from rich.console import Console

from counterpoint.cli.tables import print_result

SUMMARY: dict[str, Any] = {
    "method": "fedavg",
    "data": "watch",
    "seed": 3,
    "rounds": 30,
    "clients": 10,
    "seconds": 12.34,
    "out": "o",
    "metrics": {},
    "bytes_up": 1,
    "bytes_down": 1,
    "refused": 0,
}
SPENT = {"joules_compute": 1250.0, "joules_send": 0.25, "joules": 1250.25, "battery": 0.125, "silent": 2}


def lines(**more: Any) -> list[str]:
    console = Console(width=80, markup=False, record=True, file=io.StringIO())
    print_result(console, {**SUMMARY, **more}, None)
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def test_it_says_what_went_into_what_and_what_is_left() -> None:
    told = lines(energy=SPENT)
    assert "all clients, all rounds 1.25 kJ 250 mJ 1.25 kJ 12.5% 2 of 10" in told
    (head,) = (line for line in told if line.startswith("Energy"))
    assert head == "Energy compute send in all left last round"


def test_what_is_not_known_is_a_dash() -> None:
    assert "all clients, all rounds 1.25 kJ 250 mJ 1.25 kJ - -" in lines(
        energy={**SPENT, "battery": None, "silent": None}
    )


def test_other_runs_have_no_such_table() -> None:
    assert not [line for line in lines() if "Energy" in line]
