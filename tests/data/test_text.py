"""Text as bytes and back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.data.text import spell, unspell


def test_bytes_then_zeros() -> None:
    found = spell(["ab", "", "é"], 4)
    assert found.dtype == torch.uint8
    assert found.tolist() == [[97, 98, 0, 0], [0, 0, 0, 0], [0xC3, 0xA9, 0, 0]]


def test_no_texts() -> None:
    assert spell([], 5).shape == (0, 5)


@pytest.mark.parametrize(
    ("text", "length", "kept"), [("abcdef", 4, "abcd"), ("abcé", 4, "abc"), ("ab\u20ac", 5, "ab\u20ac"), ("😀", 3, "")]
)
def test_a_long_text_is_cut_between_two_characters(text: str, length: int, kept: str) -> None:
    assert unspell(spell([text], length)[0]) == kept


def test_a_zero_byte_is_no_end() -> None:
    assert unspell(spell(["a\0b"], 3)[0]) == "a b"


def test_half_a_surrogate_pair_is_a_question_mark() -> None:
    assert unspell(spell(["a\ud83db"], 3)[0]) == "a?b"


def test_unspell_reads_wide_values_too() -> None:
    assert unspell(spell(["Ελλάδα"], 20)[0].float()) == "Ελλάδα"


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=5))
def test_what_fits_comes_back(texts: list[str]) -> None:
    length = max([len(text.encode()) for text in texts], default=0)
    assert [unspell(row) for row in spell(texts, length)] == texts
