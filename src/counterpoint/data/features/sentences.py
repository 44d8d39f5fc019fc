"""Features of texts by a pretrained BERT or a relative of it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.features.encoder import Progress
from counterpoint.data.features.folder import CASE, PIECES, WORDS, ModelFolder
from counterpoint.data.features.weights import load_model, scaled
from counterpoint.data.modality import Modality
from counterpoint.data.text import unspell
from counterpoint.errors import UserError

BATCH = 64
MOST_PIECES = 512
"""Word pieces of a text that are read, its two ends included; fewer where the model has fewer places."""


def text_features(folder: ModelFolder, values: Tensor, modality: Modality, progress: Progress) -> Tensor:
    """The mean over each text's word pieces, scaled, float32 [rows, size]; 0 of a text that has no word piece.

    A text that many rows have is encoded once.

    Args:
        folder: of the model.
        values: UTF-8 bytes [rows, bytes].
        modality: of them.
        progress: is told of distinct texts.

    Raises:
        UserError: transformers is not installed, or the weights or the word pieces do not fit.
    """
    model, cut = load_model(folder), cutter(folder)
    texts = [unspell(row) for row in values]
    distinct = list(dict.fromkeys(texts))
    pieces = [cut(text) for text in distinct]
    if (most := max((max(own, default=0) for own in pieces), default=0)) >= model.config.vocab_size:
        raise UserError(f"{folder.path} has word piece {most}, but the model knows {model.config.vocab_size}: mend it.")
    made = torch.zeros(len(distinct), folder.size)
    order = sorted((i for i, own in enumerate(pieces) if own), key=lambda i: len(pieces[i]))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        made[chosen] = _encoded(model, [pieces[i] for i in chosen])
        progress(start + len(chosen), len(order))
    place = {text: i for i, text in enumerate(distinct)}
    return made[[place[text] for text in texts]]


def cutter(folder: ModelFolder) -> Callable[[str], list[int]]:
    """What cuts a text into numbers of word pieces, its ends included.

    Raises:
        UserError: tokenizers is not installed, or its file cannot be read.
    """
    try:
        from tokenizers import Tokenizer
        from tokenizers.implementations import BertWordPieceTokenizer
    except ModuleNotFoundError as error:
        raise UserError(f"{folder.path} needs {error.name}: pip install 'counterpoint[text]'.") from error
    source = PIECES if PIECES in folder.files else WORDS
    small = source == PIECES or bool(folder.read(CASE).get("do_lower_case", True))
    try:
        path = str(folder.path / source)
        tokenizer = Tokenizer.from_file(path) if source == PIECES else BertWordPieceTokenizer(path, lowercase=small)
    except Exception as error:  # tokenizers raises nothing more special
        raise UserError(f"{folder.path / source} cannot be read as word pieces: copy it anew.") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(MOST_PIECES, _places(folder.config)))
    return lambda text: list(tokenizer.encode(text).ids)


def _places(config: dict[str, Any]) -> int:
    """How many word pieces the model has places for; those of RoBERTa begin after the one of padding."""
    before = config.get("pad_token_id", 1) + 1 if config["model_type"] == "roberta" else 0
    return int(config.get("max_position_embeddings", MOST_PIECES)) - int(before)


def _encoded(model: Any, pieces: list[list[int]]) -> Tensor:
    padding = model.config.pad_token_id or 0
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(own) for own in pieces], True, padding)
    length = torch.tensor([len(own) for own in pieces])
    mask = torch.arange(ids.shape[1]) < length[:, None]
    with torch.no_grad():
        hidden = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    return scaled((hidden * mask[..., None]).sum(dim=1) / length[:, None])
