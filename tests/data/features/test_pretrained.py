"""Pretrained encoders out of a folder: tiny ones, drawn and saved here; and what is said where a folder will not do."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Dataset, Modality
from counterpoint.data.features import FrozenEncoder, with_features
from counterpoint.data.features.folder import opened
from counterpoint.data.features.pictures import fitted
from counterpoint.data.features.pretrained import lasting_name, pretrained, short_name
from counterpoint.data.features.registry import frozen_encoder
from counterpoint.data.features.sentences import cutter
from counterpoint.data.text import spell
from counterpoint.errors import UserError

transformers = pytest.importorskip("transformers", reason="the extra 'text' is not installed")

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue", "cat", "dog", "##s", "Red", "3")
TEXTS = ("red cat", "blue cats", "", "red cat", "dog 3", "Red cat")
PHOTO = Modality("photo", "image", (3, 10, 14))
WORDS = Modality("words", "text", (16,))
SIZE = 16
USUAL = {"hidden_size": SIZE, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
SILENT: Callable[[int, int], None] = lambda done, total: None  # noqa: E731


def saved(folder: Path, kind: str, seed: int = 0, **options: Any) -> Path:
    """A tiny model of this type, drawn with a seed, and what comes with it."""
    names = {"vit": "ViT", "deit": "DeiT", "bert": "Bert", "roberta": "Roberta", "distilbert": "DistilBert"}
    made = getattr(transformers, f"{names[kind]}Config")
    usual = {"dim": SIZE, "n_layers": 2, "n_heads": 2, "hidden_dim": 24} if kind == "distilbert" else USUAL
    if kind in ("vit", "deit"):
        usual = {**usual, "image_size": 8, "patch_size": 4}
    else:
        usual = {**usual, "vocab_size": len(VOCABULARY), "max_position_embeddings": 12, "pad_token_id": 0}
    torch.manual_seed(seed)
    model = getattr(transformers, f"{names[kind]}Model")(made(**{**usual, **options}))
    model.save_pretrained(folder)
    if kind in ("vit", "deit"):
        described = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.2], "resample": 3}
        (folder / "preprocessor_config.json").write_text(json.dumps(described))
    else:
        (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    return folder


@pytest.fixture
def vit(tmp_path: Path) -> Path:
    return saved(tmp_path / "vit", "vit")


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    return saved(tmp_path / "bert", "bert")


def pictures(rows: int = 3) -> Tensor:
    return torch.rand(rows, *PHOTO.shape, generator=torch.Generator().manual_seed(0))


def encoded(encoder: FrozenEncoder, texts: tuple[str, ...] = TEXTS) -> Tensor:
    return encoder.encode(spell(texts, 16).float(), WORDS, SILENT)


@pytest.mark.parametrize("kind", ["vit", "deit"])
def test_features_of_pictures(tmp_path: Path, kind: str) -> None:
    folder = saved(tmp_path / kind, kind)
    encoder = pretrained(f"hf:{folder}")
    assert (encoder.kind, encoder.size, encoder.version) == ("image", SIZE, 1)
    seen: list[tuple[int, int]] = []
    found = encoder.encode(pictures(40), PHOTO, lambda *at: seen.append(at))
    assert seen == [(32, 40), (40, 40)]
    assert found.shape == (40, SIZE) and found.dtype == torch.float32
    assert found.square().mean(dim=1).tolist() == pytest.approx([1.0] * 40, abs=1e-5)
    assert torch.allclose(encoder.encode(pictures(40)[5:6], PHOTO, SILENT), found[5:6], atol=1e-5)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    given = torch.nn.functional.interpolate(pictures(40), 8, mode="bicubic", antialias=True).clamp(0, 1)
    given = (given - torch.tensor([0.5, 0.4, 0.3])[:, None, None]) / torch.tensor([0.5, 0.25, 0.2])[:, None, None]
    with torch.no_grad():
        cls = model(pixel_values=given).last_hidden_state[:, 0]
    assert torch.allclose(found, cls / cls.norm(dim=1, keepdim=True) * math.sqrt(SIZE), atol=1e-5)


def test_a_picture_of_one_channel_is_given_equal_ones(vit: Path) -> None:
    grey = Modality("photo", "image", (1, 8, 8))
    (vit / "preprocessor_config.json").write_text('{"do_normalize": false}')
    ready = fitted(opened(vit), grey)(torch.full((2, 1, 8, 8), 0.25))
    assert ready.shape == (2, 3, 8, 8) and ready.unique().tolist() == [0.25]


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_features_of_texts(tmp_path: Path, kind: str) -> None:
    encoder = pretrained(f"hf:{saved(tmp_path / kind, kind)}")
    assert (encoder.kind, encoder.size) == ("text", SIZE)
    seen: list[tuple[int, int]] = []
    found = encoder.encode(spell(TEXTS, 16).float(), WORDS, lambda *at: seen.append(at))
    assert seen == [(5, 5)], "the second red cat is not computed"
    assert found.square().mean(dim=1).tolist() == pytest.approx([1.0] * 6, abs=1e-5)
    assert torch.equal(found[0], found[3])
    assert torch.allclose(found[0], found[5], atol=1e-5), "it makes letters small"
    assert not torch.allclose(found[0], found[1], atol=1e-3)
    assert torch.allclose(encoded(encoder, TEXTS[1:2])[0], found[1], atol=1e-5), "padding is not read"


def test_the_mean_is_over_word_pieces(bert: Path) -> None:
    model = transformers.AutoModel.from_pretrained(bert).eval()
    with torch.no_grad():
        states = model(input_ids=torch.tensor([[2, 6, 7, 9, 3]])).last_hidden_state[0]
    mean = states.mean(0)
    expected = mean / mean.norm() * math.sqrt(SIZE)
    assert torch.allclose(encoded(pretrained(f"hf:{bert}"))[1], expected, atol=1e-5), "[CLS] blue cat ##s [SEP]"


def test_word_pieces(tmp_path: Path, bert: Path) -> None:
    cut = cutter(opened(bert))
    assert cut("Blue cats") == [2, 6, 7, 9, 3] and cut("") == [2, 3] and cut("fish") == [2, 1, 3]
    assert len(cut("red " * 50)) == 12, "no more than the model has places for"
    (bert / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert cutter(opened(bert))("Red red") == [2, 10, 5, 3]
    from tokenizers import Tokenizer, models, pre_tokenizers

    bare = Tokenizer(models.WordLevel({"red": 5, "cat": 7, "[UNK]": 1}, unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    bare.save(str(bert / "tokenizer.json"))
    assert cutter(opened(bert))("red cat") == [5, 7], "where there is one, its own file is read"
    found = encoded(pretrained(f"hf:{bert}"))
    assert not found[2].any() and found[0].any(), "a text without a piece"
    assert cutter(opened(saved(tmp_path / "roberta", "roberta")))("red " * 50)[10:] == [3], "one place is padding's"


def test_features_take_the_modalitys_place_and_are_kept(
    captions: Callable[..., Dataset], bert: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_features(captions(), "words", f"hf:{bert}")
    assert found.modalities["words"] == Modality("words", "table", (SIZE,))
    assert found.card.modalities == {"words": f"table, {SIZE}, features of the frozen encoder hf:bert"}
    (tmp_path / "elsewhere").mkdir()
    moved = bert.rename(tmp_path / "elsewhere" / "bert")

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("counterpoint.data.features.sentences.load_model", forbidden)
    again = with_features(captions(), "words", f"hf:{moved}")
    assert torch.equal(again.samples.x["words"], found.samples.x["words"])
    (kept,) = (cache / "features").iterdir()
    assert kept.name.startswith("hf_bert-")


def test_any_other_file_is_another_digest(tmp_path: Path, bert: Path, vit: Path) -> None:
    first = pretrained(f"hf:{bert}").weights
    assert pretrained(f"hf:{saved(tmp_path / 'same', 'bert')}").weights == first
    assert pretrained(f"hf:{saved(tmp_path / 'other', 'bert', seed=1)}").weights != first, "other weights"
    (bert / "README.md").write_text("not read")
    assert pretrained(f"hf:{bert}").weights == first
    (bert / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert pretrained(f"hf:{bert}").weights != first
    before = pretrained(f"hf:{vit}").weights
    (vit / "preprocessor_config.json").write_text('{"do_normalize": false}')
    assert pretrained(f"hf:{vit}").weights != before


def test_nothing_is_looked_up_elsewhere_or_drawn(bert: Path, vit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked, or a pickle read")

    for name in ("socket.socket.connect", "socket.getaddrinfo", "subprocess.run", "pickle.load", "torch.load"):
        monkeypatch.setattr(name, forbidden)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    encoded(pretrained(f"hf:{bert}"))
    pretrained(f"hf:{vit}").encode(pictures(), PHOTO, SILENT)
    assert torch.equal(torch.get_rng_state(), state)


def test_nothing_is_printed(bert: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    encoded(pretrained(f"hf:{bert}"))
    assert capfd.readouterr() == ("", "")


def test_a_model_saved_with_a_head_is_read_without_it(tmp_path: Path, bert: Path) -> None:
    base = transformers.AutoModel.from_pretrained(bert)
    whole = transformers.BertForMaskedLM(base.config)
    whole.bert.load_state_dict({n: v for n, v in base.state_dict().items() if "pooler" not in n})
    folder = saved(tmp_path / "whole", "bert")
    whole.save_pretrained(folder)
    assert torch.allclose(encoded(pretrained(f"hf:{folder}")), encoded(pretrained(f"hf:{bert}")), atol=1e-6)


def spoil(folder: Path, name: str, text: str | None) -> None:
    (folder / name).unlink(missing_ok=True)
    if text is not None:
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("kind", "name", "text", "said"),
    [
        ("vit", "config.json", None, "lacks config.json: add what came with the model."),
        ("vit", "config.json", "{", "config.json cannot be read as JSON: copy it anew."),
        ("vit", "config.json", "[]", "config.json is no JSON object: copy it anew."),
        ("vit", "config.json", '{"model_type": "vitt"}', "config.json 'vitt': did you mean 'vit'?"),
        ("vit", "config.json", '{"model_type": "vit"}', "config.json does not say the model's hidden_size"),
        ("vit", "preprocessor_config.json", None, "lacks preprocessor_config.json: add what came with the model."),
        ("vit", "model.safetensors", None, "lacks model.safetensors, the only form in which weights are read"),
        ("bert", "vocab.txt", None, "lacks tokenizer.json, or vocab.txt with tokenizer_config.json: add what"),
    ],
)
def test_folders_that_will_not_do(tmp_path: Path, kind: str, name: str, text: str | None, said: str) -> None:
    folder = saved(tmp_path / "it", kind)
    spoil(folder, name, text)
    with pytest.raises(UserError) as complaint:
        pretrained(f"hf:{folder}")
    assert said in str(complaint.value) and str(folder) in str(complaint.value)


@pytest.mark.parametrize(
    ("kind", "name", "text", "said"),
    [
        (
            "vit",
            "preprocessor_config.json",
            "{}",
            "lacks image_mean or image_std: add what the model was trained with.",
        ),
        ("vit", "preprocessor_config.json", '{"resample": 5}', "says resample 5: make it 0 or 2 or 3."),
        ("vit", "model.safetensors", "no weights", "cannot be read ("),
        ("bert", "tokenizer.json", "{}", "tokenizer.json cannot be read as word pieces: copy it anew."),
        ("bert", "vocab.txt", "\n".join([*VOCABULARY, "fish"]), "has word piece 12, but the model knows 12: mend it."),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, kind: str, name: str, text: str, said: str) -> None:
    folder = saved(tmp_path / "it", kind)
    spoil(folder, name, text)
    encoder = pretrained(f"hf:{folder}")
    with pytest.raises(UserError) as complaint:
        if kind == "vit":
            encoder.encode(pictures(), PHOTO, SILENT)
        else:
            encoded(encoder, ("fish",))
    assert said in str(complaint.value) and str(folder) in str(complaint.value)


def test_weights_of_another_model_are_refused(tmp_path: Path, bert: Path) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(
        UserError, match=r"model.safetensors lacks encoder.layer.2.*: its config.json belongs to another"
    ):
        encoded(pretrained(f"hf:{bert}"))
    (bert / "config.json").write_text(json.dumps({**config, "intermediate_size": 30}))
    with pytest.raises(UserError, match=f"the pretrained model in {bert} cannot be read"):
        encoded(pretrained(f"hf:{bert}"))


def test_channels_that_do_not_fit(vit: Path) -> None:
    with pytest.raises(UserError, match="takes pictures of 3 channels, but photo has 4: take another model"):
        pretrained(f"hf:{vit}").encode(torch.rand(2, 4, 8, 8), Modality("photo", "image", (4, 8, 8)), SILENT)


def test_another_kind_of_modality_is_refused(captions: Callable[..., Dataset], vit: Path, cache: Path) -> None:
    with pytest.raises(UserError, match="frozen encoder hf:vit takes a modality of kind image, but words of captions"):
        with_features(captions(), "words", f"hf:{vit}")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=f"there is no folder {tmp_path / 'gone'}: give the folder of a pretrained model."
    ):
        frozen_encoder(f"hf:{tmp_path / 'gone'}")


@pytest.mark.parametrize("extra", ["transformers", "tokenizers"])
def test_a_missing_extra_is_named(bert: Path, monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    encoder = pretrained(f"hf:{bert}")
    monkeypatch.setitem(sys.modules, extra, None)
    if extra == "tokenizers":
        monkeypatch.setattr("counterpoint.data.features.sentences.load_model", lambda folder: None)
    with pytest.raises(UserError) as complaint:
        encoded(encoder)
    assert str(complaint.value) == f"{bert} needs {extra}: pip install 'counterpoint[text]'."


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert short_name("hf:/home/me/vit/") == "hf:vit" and short_name("minilm") == "minilm"
    assert lasting_name("hf:models/vit") == f"hf:{tmp_path / 'models' / 'vit'}" and lasting_name("minilm") == "minilm"
