"""LSTM of many clients on a CPU, in single precision: oneDNN's fused layer, client by client.

It does all steps of a layer at the speed of a processor's multiplications, so that a loop over clients is twice as fast
as operations batched over them. What it keeps for its backward pass is large, so the backward pass makes it again,
client by client, in memory that stays in the processor's cache.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from counterpoint.models.stacking.passes import Tensors, operator

LSTM_MODE = 2
"""How PyTorch's recurrent kernels name an LSTM."""


def fits(x: Tensor) -> bool:
    """Whether oneDNN has the layer for such values."""
    there = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    wanted = there and bool(torch.backends.mkldnn.enabled)
    return wanted and x.device.type == "cpu" and x.dtype is torch.float32 and x.numel() > 0


def _layer(values: Tensors, train: bool) -> Tensors:
    """Outputs, last h, last c, and what the backward pass needs, which is made in grad mode only."""
    with torch.set_grad_enabled(train):
        found: Tensors = torch.ops.aten.mkldnn_rnn_layer(
            *values, False, [], LSTM_MODE, values[-1].shape[-1], 1, True, False, False, train
        )
    return found


def _each(*values: Tensor) -> Iterator[Tensors]:
    """Contiguous values, client by client."""
    return zip(*(value.detach().contiguous() for value in values), strict=True)


def _fake_forward(x: Tensor, h: Tensor, *_: Tensor) -> Tensors:
    clients, rows, steps, channels = x.shape
    given, states = (x.new_empty(clients, steps, rows, size) for size in (channels, h.shape[-1]))
    return given, states, torch.empty_like(h)


@operator(
    "lstm_fused_forward(Tensor x, Tensor h, Tensor c, Tensor weight_ih, Tensor weight_hh, Tensor bias_ih,"
    " Tensor bias_hh) -> (Tensor, Tensor, Tensor)",
    _fake_forward,
)
def forward(
    x: Tensor, h: Tensor, c: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> Tensors:
    """x with steps first, all h, and the last c."""
    given = x.transpose(1, 2).contiguous()
    states = x.new_empty(*given.shape[:-1], h.shape[-1])
    last = torch.empty_like(h, memory_format=torch.contiguous_format)
    values = _each(given, weight_ih, weight_hh, bias_ih, bias_hh, h, c)
    for own, output, end in zip(values, states, last, strict=True):
        found, _, cell, _ = _layer(own, train=False)
        output.copy_(found)
        end.copy_(cell)
    return given, states, last


def _fake_backward(grad: Tensor, grad_c: Tensor, given: Tensor, *values: Tensor) -> Tensors:
    h, c, weight_ih, weight_hh, bias_ih, _ = values
    return tuple(torch.empty_like(v) for v in (given.transpose(1, 2), h, c, weight_ih, weight_hh, bias_ih))


@operator(
    "lstm_fused_backward(Tensor grad, Tensor grad_c, Tensor given, Tensor h, Tensor c, Tensor weight_ih,"
    " Tensor weight_hh, Tensor bias_ih, Tensor bias_hh) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _fake_backward,
)
def backward(
    grad: Tensor,
    grad_c: Tensor,
    given: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
) -> Tensors:
    """Gradients of x, h, c, the weights and either bias; `grad` is [clients, steps, rows, width]."""
    width, none = h.shape[-1], grad.new_zeros(h.shape[1:])
    found: list[Tensors] = []
    every = zip(_each(given, weight_ih, weight_hh, bias_ih, bias_hh, h, c), _each(grad, grad_c), strict=True)
    for own, (own_grad, own_c) in every:
        output, last, cell, work = _layer(own, train=True)
        grads = (output, last, cell, own_grad, none, own_c)
        found.append(
            torch.ops.aten.mkldnn_rnn_layer_backward(
                *own, *grads, False, LSTM_MODE, width, 1, True, True, False, [], False, work
            )
        )
    dx, d_weight_ih, d_weight_hh, bias, _, dh, dc = (torch.stack(each) for each in zip(*found, strict=True))
    return dx.transpose(1, 2), dh, dc, d_weight_ih, d_weight_hh, bias
