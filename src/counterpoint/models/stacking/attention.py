"""Attention and transformer encoders in plain operations, for stacks of clients."""

import copy
import math

import torch
from torch import Tensor, nn

from counterpoint.models.stacking.drawn import DrawnDropout
from counterpoint.models.stacking.linear import linear
from counterpoint.models.stacking.registry import stacks, twin_of


def _added(mask: Tensor, like: Tensor) -> Tensor:
    """A mask as what is added to scores: minus infinity where a boolean one is true."""
    if mask.dtype is not torch.bool:
        return mask.to(like.dtype)
    return torch.where(mask, -math.inf, like.new_zeros(()))


class PlainAttention(nn.Module):
    """`nn.MultiheadAttention`: softmax(Q K^T / sqrt(d) + masks) V of each head, with its parameters.

    Args:
        layer: whose parameters it takes.
    """

    in_proj_weight: Tensor
    in_proj_bias: Tensor | None

    def __init__(self, layer: nn.MultiheadAttention) -> None:
        super().__init__()
        self.num_heads, self.batch_first, self.drop = layer.num_heads, layer.batch_first, DrawnDropout(layer.dropout)
        for name in ("in_proj_weight", "in_proj_bias"):
            self.register_parameter(name, copy.deepcopy(getattr(layer, name)))
        self.out_proj = copy.deepcopy(layer.out_proj)

    def _projected(self, values: tuple[Tensor, Tensor, Tensor]) -> list[Tensor]:
        """Queries, keys and values, each [rows, heads, steps, width of a head]."""
        weight, bias = self.in_proj_weight, self.in_proj_bias
        query, key, value = values
        if query is key and key is value:
            parts = linear(query, weight, bias).chunk(3, -1)
        else:
            biases = bias.chunk(3) if bias is not None else (None, None, None)
            parts = tuple(linear(x, w, b) for x, w, b in zip(values, weight.chunk(3), biases, strict=True))
        return [part.reshape(*part.shape[:-1], self.num_heads, -1).transpose(1, 2) for part in parts]

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """What `nn.MultiheadAttention` takes and answers; a causal hint must come with its mask, as there."""
        if is_causal and attn_mask is None:
            raise ValueError("a causal hint needs its attn_mask")
        values = (query, key, value)
        same = query is key and key is value
        if not (batched := query.dim() == 3):
            values = (query[None], key[None], value[None])
            key_padding_mask = None if key_padding_mask is None else key_padding_mask[None]
        elif not self.batch_first:
            values = (query.transpose(0, 1), key.transpose(0, 1), value.transpose(0, 1))
        q, k, v = self._projected((values[0], values[0], values[0]) if same else values)
        scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2)
        if attn_mask is not None:
            mask = _added(attn_mask, scores)
            scores = scores + (mask if mask.dim() == 2 else mask.view(-1, self.num_heads, *mask.shape[1:]))
        if key_padding_mask is not None:
            scores = scores + _added(key_padding_mask, scores)[:, None, None]
        weights = self.drop(torch.softmax(scores, -1))
        mixed = (weights @ v).transpose(1, 2).flatten(-2)
        out = linear(mixed, self.out_proj.weight, self.out_proj.bias)
        shown = (weights.mean(1) if average_attn_weights else weights) if need_weights else None
        if not batched:
            return out[0], None if shown is None else shown[0]
        return out if self.batch_first else out.transpose(0, 1), shown


class PlainEncoderLayer(nn.Module):
    """`nn.TransformerEncoderLayer`: x + attention and x + feed-forward, normalised before or after.

    Args:
        layer: whose parameters it takes.
        attention: what stands for its attention.
    """

    def __init__(self, layer: nn.TransformerEncoderLayer, attention: nn.Module) -> None:
        super().__init__()
        self.self_attn = attention
        self.linear1, self.linear2 = copy.deepcopy(layer.linear1), copy.deepcopy(layer.linear2)
        self.norm1, self.norm2 = copy.deepcopy(layer.norm1), copy.deepcopy(layer.norm2)
        self.dropout, self.dropout1, self.dropout2 = (
            DrawnDropout(drop.p) for drop in (layer.dropout, layer.dropout1, layer.dropout2)
        )
        self.activation, self.norm_first = copy.deepcopy(layer.activation), layer.norm_first

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """What `nn.TransformerEncoderLayer` takes and answers."""
        masks = {"attn_mask": src_mask, "key_padding_mask": src_key_padding_mask, "is_causal": is_causal}
        if self.norm_first:
            src = src + self._attend(self.norm1(src), masks)
            return src + self._feed(self.norm2(src))
        src = self.norm1(src + self._attend(src, masks))
        normal: Tensor = self.norm2(src + self._feed(src))
        return normal

    def _attend(self, x: Tensor, masks: dict[str, Tensor | bool | None]) -> Tensor:
        attended: Tensor = self.dropout1(self.self_attn(x, x, x, need_weights=False, **masks)[0])
        return attended

    def _feed(self, x: Tensor) -> Tensor:
        inner = self.dropout(self.activation(linear(x, self.linear1.weight, self.linear1.bias)))
        fed: Tensor = self.dropout2(linear(inner, self.linear2.weight, self.linear2.bias))
        return fed


class PlainEncoder(nn.Module):
    """`nn.TransformerEncoder`: layers one after another, and a norm if there is one.

    Positions that `src_key_padding_mask` hides are computed, where PyTorch's evaluation may answer zeros.

    Args:
        layers: what stands for its layers.
        norm: at the end.
    """

    def __init__(self, layers: list[nn.Module], norm: nn.Module | None) -> None:
        super().__init__()
        self.layers, self.norm = nn.ModuleList(layers), norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """What `nn.TransformerEncoder` takes and answers."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


@stacks(nn.MultiheadAttention)
def plain_attention(layer: nn.MultiheadAttention) -> nn.Module | None:
    """The twin of attention whose queries, keys and values have one width, without added keys."""
    known = layer.in_proj_weight is not None and layer.bias_k is None and not layer.add_zero_attn
    return PlainAttention(layer) if known else None


@stacks(nn.TransformerEncoderLayer)
def plain_encoder_layer(layer: nn.TransformerEncoderLayer) -> nn.Module | None:
    """The twin of an encoder layer with known attention."""
    attention = twin_of(layer.self_attn)
    return None if attention is None else PlainEncoderLayer(layer, attention)


@stacks(nn.TransformerEncoder)
def plain_encoder(layer: nn.TransformerEncoder) -> nn.Module | None:
    """The twin of an encoder with known layers."""
    layers = [twin_of(one) for one in layer.layers]
    known = [one for one in layers if one is not None]
    return PlainEncoder(known, copy.deepcopy(layer.norm)) if len(known) == len(layers) else None
