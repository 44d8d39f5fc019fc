"""The language model: its features of real words, and what is said where it cannot be had."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from counterpoint.data import Dataset
from counterpoint.data.features import FEATURES, minilm, with_features
from counterpoint.data.text import spell
from counterpoint.errors import UserError

WORDS = ("cat", "kitten", "stocks", "A man is eating food.", "A man is eating a piece of bread.", "cat")

CAT_KITTEN, CAT_STOCKS, FOOD_BREAD = 0.7882, 0.2028, 0.7553
"""What the library sentence-transformers finds with the same weights."""


@pytest.fixture(scope="module")
def words() -> torch.Tensor:
    seen: list[tuple[int, int]] = []
    found = FEATURES["minilm"].encode(spell(WORDS, 64).float(), None, lambda *at: seen.append(at))
    assert seen == [(5, 5)], "the second cat is not computed"
    return found


@pytest.mark.download
def test_close_in_meaning_is_close(words: torch.Tensor) -> None:
    unit = torch.nn.functional.normalize(words, dim=1)
    near = unit @ unit.T
    assert float(near[0, 1]) == pytest.approx(CAT_KITTEN, abs=0.002)
    assert float(near[0, 2]) == pytest.approx(CAT_STOCKS, abs=0.002)
    assert float(near[3, 4]) == pytest.approx(FOOD_BREAD, abs=0.002)


@pytest.mark.download
def test_the_mean_square_of_a_row_is_one(words: torch.Tensor) -> None:
    assert words.shape == (6, 384)
    assert words.square().mean(dim=1).tolist() == pytest.approx([1.0] * 6, abs=1e-5)
    assert torch.equal(words[0], words[5])


@pytest.mark.download
def test_nothing_is_looked_up_elsewhere(words: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", forbidden)
    monkeypatch.setattr("socket.getaddrinfo", forbidden)
    monkeypatch.setattr("subprocess.run", forbidden)
    tokenizer, model = minilm.load()
    assert tokenizer.encode("A cat.").tokens == ["[CLS]", "a", "cat", ".", "[SEP]"]
    assert not model.training


@pytest.mark.download
def test_a_row_does_not_depend_on_its_neighbours(words: torch.Tensor) -> None:
    alone = FEATURES["minilm"].encode(spell(WORDS[:1], 64).float(), None, lambda *at: None)
    assert torch.allclose(alone[0], words[0], atol=1e-4)


@pytest.mark.parametrize("extra", ["transformers", "tokenizers"])
def test_a_missing_extra_is_named(
    captions: Callable[..., Dataset], cache: Path, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, extra, None)
    if extra == "transformers":
        monkeypatch.setitem(sys.modules, "tokenizers", type(sys)("tokenizers"))
        sys.modules["tokenizers"].Tokenizer = None
    with pytest.raises(UserError) as complaint:
        with_features(captions(), "words", "minilm")
    assert str(complaint.value) == f"minilm needs {extra}: pip install 'counterpoint[text]'."
    assert not (cache / "downloads").exists()


def test_its_weights_are_told_by_the_hash_of_the_pinned_file() -> None:
    assert FEATURES["minilm"].weights == minilm.PIN.sha256
