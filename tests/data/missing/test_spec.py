"""The text that says what is missing."""

import pytest

from counterpoint.data.missing import Missing, parse
from counterpoint.data.missing.client_rate import ClientRate
from counterpoint.data.missing.client_types import ClientTypes
from counterpoint.data.missing.sample import SampleRate
from counterpoint.data.missing.sample_label import SampleByLabel
from counterpoint.data.missing.sample_value import SampleByValue
from counterpoint.data.missing.time_rate import TimeRate
from counterpoint.errors import UserError


@pytest.mark.parametrize(
    ("spec", "expected", "told"),
    [
        ("none", Missing(), "none"),
        ("client:0.3", ClientRate(0.3), "client:0.3"),
        ("client:.30", ClientRate(0.3), "client:0.3"),
        ("client:acc:10", ClientTypes((("acc", 10),)), "client:acc:10"),
        (
            "client: gyro+acc:3 , text:1,acc:2",
            ClientTypes((("acc", 2), ("acc+gyro", 3), ("text", 1))),
            "client:acc:2,acc+gyro:3,text:1",
        ),
        ("sample:0.0", SampleRate(0.0), "sample:0.0"),
        ("sample:0.3:label", SampleByLabel(0.3), "sample:0.3:label"),
        ("sample:0.3:acc", SampleByValue(0.3, "acc"), "sample:0.3:acc"),
        ("time:0.2", TimeRate(0.2), "time:0.2"),
    ],
)
def test_parse(spec: str, expected: Missing, told: str) -> None:
    assert parse(spec) == expected
    assert expected.spec == told
    assert parse(told) == expected


def test_ways_of_different_kinds_are_different() -> None:
    assert len({SampleRate(0.3), SampleByLabel(0.3), ClientRate(0.3), TimeRate(0.3), Missing(), Missing()}) == 5


def test_types_add_up() -> None:
    assert parse("client:acc:10,gyro:10,acc+gyro:10").clients == 30
    assert parse("client:0.3").clients is None


@pytest.mark.parametrize("rate", ["", "1", "1.5", "-0.1", "nan", "inf", "many"])
@pytest.mark.parametrize("level", ["client", "sample", "time"])
def test_a_rate_is_a_number_from_zero_to_below_one(level: str, rate: str) -> None:
    with pytest.raises(UserError, match=f"write {level}:RATE with a number from 0 to below 1"):
        parse(f"{level}:{rate}")


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("clients:0.3", "unknown missingness 'clients': did you mean 'client'"),
        ("none:0.3", "missing 'none:0.3': none takes nothing after it; write none"),
        ("client", r"missing 'client': write client:RATE .* or client:PATTERN:N"),
        ("client:acc:0", r"'acc:0' is no type; write PATTERN:N"),
        ("client:acc:1.5", r"'acc:1.5' is no type"),
        ("client:acc:-3", r"'acc:-3' is no type"),
        ("client:acc:three", r"'acc:three' is no type"),
        ("client:acc,gyro:3", r"'acc' is no type"),
        ("client:acc:3,", r"'' is no type"),
        ("client::3", r"':3' is no type"),
        ("client:acc++gyro:3", r"'acc\+\+gyro:3' is no type"),
        ("client:acc:gyro:3", r"'acc:gyro:3' is no type"),
        ("client:acc+acc:3", r"type acc\+acc names a modality twice"),
        ("client:acc+gyro:3,gyro+acc:2", r"type acc\+gyro is there twice; write it once, with the sum"),
        ("sample:0.3:", "after the rate write label, or the name of one modality"),
        ("sample:0.3:acc:gyro", "after the rate write label, or the name of one modality"),
        ("sample:label", "write sample:RATE with a number"),
        ("time:0.2:acc", "write time:RATE with a number"),
    ],
)
def test_texts_that_mean_nothing(spec: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        parse(spec)


def test_the_complaint_names_the_option() -> None:
    with pytest.raises(UserError, match="missing_test 'time:2': write time:RATE"):
        parse("time:2", "missing_test")
