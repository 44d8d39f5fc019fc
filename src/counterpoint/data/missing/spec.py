"""The text that says what is missing."""

import math

from counterpoint.data.missing.client_rate import ClientRate
from counterpoint.data.missing.client_types import ClientTypes
from counterpoint.data.missing.mechanism import Missing
from counterpoint.data.missing.sample import SampleRate
from counterpoint.data.missing.sample_label import SampleByLabel
from counterpoint.data.missing.sample_value import SampleByValue
from counterpoint.data.missing.time_rate import TimeRate
from counterpoint.data.samples import PATTERN_SEPARATOR, pattern_name
from counterpoint.errors import UserError, unknown

LEVELS = ("none", "client", "sample", "time")


def parse(spec: str, what: str = "missing") -> Missing:
    """Read what is missing; looks at no data.

    | spec | what is lost |
    | --- | --- |
    | `none` | nothing |
    | `client:RATE` | a share of all (client, modality) pairs |
    | `client:PATTERN:N,...` | so many clients own exactly these modalities: `client:acc:10,gyro:10,acc+gyro:10` |
    | `sample:RATE` | a share of all (row, modality) pairs, completely at random |
    | `sample:RATE:label` | the same, more in some classes than in others |
    | `sample:RATE:MODALITY` | the same, depending on what the named modality shows, which is kept |
    | `time:RATE` | a share of the steps of each sequence and sound, in bursts |

    Args:
        spec: the text.
        what: whose text it is, for the complaint.

    Raises:
        UserError: it is none of these, or a number in it is wrong.
    """
    level, colon, argument = spec.partition(":")
    if level not in LEVELS:
        raise unknown("missingness", level, LEVELS)
    if level == "none":
        if colon:
            raise UserError(f"{what} {spec!r}: none takes nothing after it; write none.")
        return Missing()
    if level == "time":
        return TimeRate(_rate(argument, level, f"{what} {spec!r}"))
    if level == "client":
        types = ":" in argument or "," in argument
        return _types(argument, f"{what} {spec!r}") if types else ClientRate(_rate(argument, level, f"{what} {spec!r}"))
    number, colon, on = argument.partition(":")
    rate = _rate(number, level, f"{what} {spec!r}")
    if not colon:
        return SampleRate(rate)
    if not on or ":" in on:
        raise UserError(
            f"{what} {spec!r}: after the rate write label, or the name of one modality, for example sample:0.3:label."
        )
    return SampleByLabel(rate) if on == "label" else SampleByValue(rate, on)


def _rate(text: str, level: str, where: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate < 1:
        other = ", or client:PATTERN:N,... such as client:acc:2,acc+gyro:3" if level == "client" else ""
        raise UserError(f"{where}: write {level}:RATE with a number from 0 to below 1, for example {level}:0.3{other}.")
    return rate


def _types(text: str, where: str) -> ClientTypes:
    found: dict[str, int] = {}
    for part in text.split(","):
        names, _, number = part.strip().rpartition(":")
        pattern = [name.strip() for name in names.split(PATTERN_SEPARATOR)]
        count = int(number) if number.strip().isdecimal() else 0
        if not all(pattern) or any(":" in name for name in pattern) or count < 1:
            raise UserError(
                f"{where}: {part.strip()!r} is no type; write PATTERN:N with the modalities joined by + and a number "
                "of clients from 1, for example acc+gyro:10."
            )
        name = pattern_name(pattern)
        if len(set(pattern)) < len(pattern):
            raise UserError(f"{where}: type {name} names a modality twice; name each once.")
        if name in found:
            raise UserError(f"{where}: type {name} is there twice; write it once, with the sum.")
        found[name] = count
    return ClientTypes(tuple(sorted(found.items())))
