"""The texts that name partitions."""

import pytest

from counterpoint.data.partitions import parse
from counterpoint.data.partitions.reading import nearest
from counterpoint.errors import UserError


@pytest.mark.parametrize(
    "spec",
    [
        "natural",
        "dirichlet:0.5",
        "dirichlet:1e-05",
        "dirichlet:0.12345678901",
        "dirichlet:1e300",
        "quantity:0.5",
        "pathological:2",
        "owner:0.1",
        "iid",
        "pathological:2+quantity:0.5",
        "dirichlet:0.3+owner:0.1",
        "dirichlet:1e16+iid+owner:1e-300+pathological:3+quantity:2.0",
    ],
)
def test_spec_is_what_was_parsed(spec: str) -> None:
    assert parse(spec).spec == spec


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ("owner:.1+dirichlet:3e-1", "dirichlet:0.3+owner:0.1"),
        ("quantity:1+pathological:02", "pathological:2+quantity:1.0"),
        ("dirichlet:1e+16+iid", "dirichlet:1e16+iid"),
    ],
)
def test_other_spellings_of_the_same(spec: str, same: str) -> None:
    assert parse(spec) == parse(same)
    assert parse(spec).spec == same


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("dirichlett:1", "unknown partition 'dirichlett': did you mean 'dirichlet:1'?"),
        ("dirichlet=0.5", "unknown partition 'dirichlet=0.5': did you mean 'dirichlet:0.5'?"),
        ("Dirichlet(0.5)", "unknown partition 'Dirichlet(0.5)': did you mean 'dirichlet:0.5'?"),
        ("patho:3", "unknown partition 'patho': did you mean 'pathological:3'?"),
        ("IID", "unknown partition 'IID': did you mean 'iid'?"),
        (
            "dirichlet:0.3+ownr:0.1",
            "unknown partition 'ownr' in 'dirichlet:0.3+ownr:0.1': did you mean 'dirichlet:0.3+owner:0.1'?",
        ),
        ("quantity", "partition 'quantity': write quantity:ALPHA with a number above 0, for example quantity:0.5."),
        ("owner:0", "partition 'owner:0': write owner:ALPHA with a number above 0, for example owner:0.1."),
        (
            "dirichlet:0.3,owner:0.2",
            "partition 'dirichlet:0.3,owner:0.2': write dirichlet:ALPHA with a number above 0, for example "
            "dirichlet:0.3+owner:0.2.",
        ),
        (
            "dirichlet:0.3 + owner:0.2",
            "partition 'dirichlet:0.3 + owner:0.2': write dirichlet:ALPHA with a number above 0, for example "
            "dirichlet:0.3+owner:0.2.",
        ),
        (
            "pathological:2.5",
            "partition 'pathological:2.5': write pathological:N with a whole number from 1, for example "
            "pathological:2.",
        ),
        (
            "pathological:0+iid",
            "partition 'pathological:0+iid': write pathological:N with a whole number from 1, for example "
            "iid+pathological:2.",
        ),
        ("iid:3", "partition 'iid:3': iid takes nothing after it; write iid."),
        ("natural:3", "partition 'natural:3': natural takes nothing after it; write natural."),
        ("natural:", "partition 'natural:': natural takes nothing after it; write natural."),
        (
            "natural+dirichlet:0.5",
            "partition 'natural+dirichlet:0.5': natural stands alone; write natural, or join parts such as "
            "dirichlet:0.5+owner:0.1.",
        ),
        (
            "dirichlet:0.5+iid+dirichlet:0.1",
            "partition 'dirichlet:0.5+iid+dirichlet:0.1': dirichlet may be there once only; did you mean "
            "'dirichlet:0.5+iid'?",
        ),
        (
            "xyz",
            "unknown partition 'xyz': write natural, or parts joined by +: dirichlet:ALPHA, iid, owner:ALPHA, "
            "pathological:N, quantity:ALPHA.",
        ),
        (
            "",
            "unknown partition '': write natural, or parts joined by +: dirichlet:ALPHA, iid, owner:ALPHA, "
            "pathological:N, quantity:ALPHA.",
        ),
    ],
)
def test_what_cannot_be_read_gets_one_sentence_with_the_nearest_that_can(spec: str, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        parse(spec)
    assert str(error.value) == sentence


@pytest.mark.parametrize("spec", ["dirichlet", "dirichlet:", "dirichlet:0", "dirichlet:-1", "dirichlet:x"])
def test_alpha_must_be_a_number_above_zero(spec: str) -> None:
    with pytest.raises(UserError, match=r"write dirichlet:ALPHA with a number above 0, for example dirichlet:0.5"):
        parse(spec)


@pytest.mark.parametrize(
    "spec", ["dirichlet:nan", "quantity:inf", "owner:1e999", "dirichlet:0.5+", "+iid", "iid+", "++"]
)
def test_other_texts_that_mean_nothing(spec: str) -> None:
    with pytest.raises(UserError, match=r"^(unknown )?partition .*[.?]$"):
        parse(spec)


@pytest.mark.parametrize(
    "spec", ["dir", "Quantity 3", "owner-0.2", "iid;dirichlet", "pathological(4), quantity(0.1)", "nat"]
)
def test_what_is_proposed_can_be_read(spec: str) -> None:
    proposed = nearest(spec)
    assert proposed is not None
    parse(proposed)
