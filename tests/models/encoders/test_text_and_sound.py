"""Hashes of text, and mel filters, by literal values: another machine must find the same."""

import math

import pytest
import torch

from counterpoint.data import Modality
from counterpoint.data.text import spell
from counterpoint.errors import UserError
from counterpoint.models.encoders import build_encoder
from counterpoint.models.encoders.grams import BASE, FIRST, MASK, SECOND, pieces, words
from counterpoint.models.encoders.logmel import AudioLogMel
from counterpoint.models.encoders.mel import mel, mel_bank
from counterpoint.models.encoders.ngrams import BUCKETS, counted

LITERAL_GRAM, LITERAL_WORD = 851648472, 345077884


def mixed(number: int) -> int:
    """The formula by hand, in Python's numbers."""
    found = (number * FIRST) & MASK
    return ((found ^ (found >> 15)) * SECOND) & MASK


def gram(text: str) -> int:
    rolling = 0
    for byte in text.encode():
        rolling = ((rolling + byte) * BASE) & MASK
    return mixed(rolling + len(text.encode()))


def word(text: str) -> int:
    return mixed(sum(mixed(byte + 256 * (place + 1)) for place, byte in enumerate(text.encode())) & MASK)


def found_in(text: str, longest: int = 5) -> set[int]:
    numbers, there = pieces(spell([text], 16).float(), longest)
    return set(numbers[there].tolist())


def test_pieces_are_all_sequences_and_words_of_the_framed_text():
    framed = " a bc "
    grams = {framed[i : i + n] for n in range(1, 6) for i in range(len(framed) - n + 1)}
    assert found_in("A bc") == {gram(g) for g in grams} | {word("a"), word("bc")}


def test_numbers_are_the_same_for_ever():
    assert (gram("ab"), word("heart")) == (gram("ab"), word("heart"))
    numbers, there = pieces(spell(["hi"], 4).float(), 2)
    assert numbers[there].tolist() == [
        gram(" "),
        gram("h"),
        gram("i"),
        gram(" "),
        *map(gram, (" h", "hi", "i ")),
        word("hi"),
    ]


def test_a_words_number_does_not_depend_on_where_it_stands():
    numbers, ends = words(spell([" red heart ", " a red "], 12).long())
    assert numbers[0][ends[0]].tolist() == [word("red"), word("heart")]
    assert numbers[1][ends[1]].tolist() == [word("a"), word("red")]


def test_counts_are_signed_damped_and_of_length_one():
    once, twice, nothing = counted(spell(["heart", "heart heart", ""], 24).float())
    assert once.shape == (BUCKETS,) and once.norm().item() == pytest.approx(1) == twice.norm().item()
    assert once.min() < 0 < once.max()
    assert float(once @ twice) > 0.8
    assert nothing.count_nonzero() <= 6, "two spaces alone"
    assert float(once @ counted(spell(["HEART"], 24).float())[0]) == pytest.approx(1)
    assert abs(float(once @ counted(spell(["vivid blue"], 24).float())[0])) < 0.2


def test_what_stands_after_the_end_says_nothing():
    short, long = spell(["a heart"], 8).float(), spell(["a heart"], 40).float()
    assert torch.allclose(counted(short), counted(long))


def test_the_mel_scale_and_its_filters():
    assert (
        mel(0) == 0 and mel(700) == pytest.approx(2595 * math.log10(2)) and mel(1000) == pytest.approx(999.99, abs=0.01)
    )
    bank = mel_bank(129, 8000, 10)
    assert bank.shape == (129, 10) and float(bank.min()) == 0 and float(bank.max()) <= 1
    assert bool((bank.argmax(0).diff() > 0).all()), "bands rise"
    inner = bank.sum(1)[bank[:, 0].argmax() + 1 : bank[:, -1].argmax()]
    assert torch.allclose(inner, torch.ones_like(inner), atol=1e-5), "neighbours share each frequency"


def test_a_tone_lies_in_its_band():
    encoder = AudioLogMel(8000, 8000, 4)
    time = torch.arange(8000) / 8000
    tones = torch.stack([torch.sin(2 * math.pi * f * time) for f in (300, 1000, 3000)])
    loudest = encoder.spectrogram(tones).mean(2).argmax(1).tolist()
    corners = [mel(4000) * (band + 1) / 41 for band in range(40)]
    expected = [min(range(40), key=lambda b, f=f: abs(corners[b] - mel(f))) for f in (300, 1000, 3000)]
    assert all(abs(a - b) <= 1 for a, b in zip(loudest, expected, strict=True))


def test_loudness_and_silence():
    encoder = AudioLogMel(4000, 8000, 4)
    noise = 0.2 * torch.randn(1, 4000, generator=torch.Generator().manual_seed(0))
    loud, soft = encoder.spectrogram(noise), encoder.spectrogram(0.25 * noise)
    assert torch.allclose(loud, soft, atol=0.05), "how loud a clip is does not matter"
    assert loud.mean().item() == pytest.approx(0, abs=1e-4)
    assert loud.std(correction=0).item() == pytest.approx(1, abs=1e-3)
    assert float(encoder.spectrogram(torch.zeros(1, 4000)).abs().max()) < 0.01, "nothing is heard"


def test_a_clip_shorter_than_a_window_and_sound_without_a_rate():
    encoder = build_encoder("logmel", Modality("voice", "audio", (100,), rate=8000.0), 4)
    assert encoder(torch.rand(2, 100)).shape == (2, 4)
    with pytest.raises(UserError, match="give its modality the rate it has"):
        build_encoder("logmel", Modality("voice", "audio", (100,)), 4)


def test_a_transformers_width_is_a_multiple_of_its_heads():
    with pytest.raises(UserError, match=r"make model\.width a multiple of that, 6 is none"):
        build_encoder("transformer", Modality("note", "text", (8,)), 6)


def test_a_transformer_reads_order_and_stops_at_the_end():
    torch.manual_seed(0)
    encoder = build_encoder("transformer", Modality("note", "text", (12,)), 8)
    there, back = spell(["red heart", "heart red"], 12).float()
    found = encoder(torch.stack([there, back]))
    assert not torch.allclose(found[0], found[1], atol=1e-4)
