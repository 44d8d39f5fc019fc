"""The two passes of an LSTM through time, of many clients."""

import torch
from torch import Tensor

from counterpoint.models.stacking.passes import Sums, Tensors, backward_blocks, operator, tanh_


def _fake_forward(x: Tensor, h: Tensor, *_: Tensor) -> Tensors:
    clients, rows, steps, channels = x.shape
    width = h.shape[-1]
    given = x.new_empty(clients, steps * rows, channels)
    sizes = ((steps + 1, width), (steps + 1, width), (steps, 4 * width), (steps, width))
    return given, *(x.new_empty(clients, many, rows, size) for many, size in sizes)


@operator(
    "lstm_forward(Tensor x, Tensor h, Tensor c, Tensor weight_ih, Tensor weight_hh, Tensor bias_ih, Tensor bias_hh)"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    _fake_forward,
)
def forward(
    x: Tensor, h: Tensor, c: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> Tensors:
    """x with steps first; all h and all c, the first ones too; i, f, g, o; and tanh(c)."""
    clients, rows, steps, channels = x.shape
    width = h.shape[-1]
    given = x.transpose(1, 2).reshape(clients, steps * rows, channels)
    bias = (bias_ih + bias_hh)[:, None]
    gates = torch.baddbmm(bias, given, weight_ih.transpose(1, 2)).view(clients, steps, rows, 4 * width)
    states, cells, bent = (x.new_empty(clients, many, rows, width) for many in (steps + 1, steps + 1, steps))
    states[:, 0], cells[:, 0] = h, c
    recurrent, product = weight_hh.transpose(1, 2), x.new_empty(clients, rows, 4 * width)
    parts = (states[:, :-1], states[:, 1:], cells[:, :-1], cells[:, 1:], gates, *gates.chunk(4, -1), bent)
    for before, after, old, new, every, i, f, g, o, t in zip(*(part.unbind(1) for part in parts), strict=True):
        torch.bmm(before, recurrent, out=product)
        every.add_(product)
        g.mul_(2)
        every.sigmoid_()
        g.mul_(2).sub_(1)
        torch.mul(f, old, out=new)
        new.addcmul_(i, g)
        tanh_(t.copy_(new))
        torch.mul(o, t, out=after)
    return given, states, cells, gates, bent


def _fake_backward(
    grad: Tensor,
    grad_c: Tensor,
    given: Tensor,
    states: Tensor,
    cells: Tensor,
    gates: Tensor,
    bent: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    needs_x: bool,
) -> Tensors:
    clients, steps, rows, _ = gates.shape
    dx = grad.new_empty(clients, steps if needs_x else 0, rows, weight_ih.shape[-1]).transpose(1, 2)
    start = (torch.empty_like(bent[:, 0]) for _ in range(2))
    return dx, *start, torch.empty_like(weight_ih), torch.empty_like(weight_hh), torch.empty_like(gates[:, 0, 0])


@operator(
    "lstm_backward(Tensor grad, Tensor grad_c, Tensor given, Tensor states, Tensor cells, Tensor gates, Tensor bent,"
    " Tensor weight_ih, Tensor weight_hh, bool needs_x) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _fake_backward,
)
def backward(
    grad: Tensor,
    grad_c: Tensor,
    given: Tensor,
    states: Tensor,
    cells: Tensor,
    gates: Tensor,
    bent: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    needs_x: bool,
) -> Tensors:
    """With dh of a step and dc <- dc + dh o (1 - tanh(c)^2): d(W_hh h) = (dc, dc, dc, dh) * factors, dc <- dc f."""
    clients, steps, rows, fourfold = gates.shape
    dh = grad.new_empty(clients, rows, fourfold // 4)
    passed = torch.zeros_like(dh)
    dc = grad_c.clone(memory_format=torch.contiguous_format)
    sums = Sums(weight_ih, weight_hh)
    dx = grad.new_empty(clients, steps if needs_x else 0, rows, weight_ih.shape[-1])
    for block in backward_blocks(steps, bent[:, 0].numel()):
        i, f, g, o = gates[:, block].chunk(4, -1)
        t = bent[:, block]
        through = torch.addcmul(o, o * t, t, value=-1)
        to_c = torch.stack((g * (i - i * i), cells[:, block] * (f - f * f), torch.addcmul(i, i * g, g, value=-1)), -2)
        to_o = t * (o - o * o)
        inner = gates.new_empty(*i.shape[:-1], 4, i.shape[-1])
        parts = (grad[:, block], through, to_c, to_o, f, inner, inner[..., :3, :], inner[..., 3, :])
        slices = zip(*(part.unbind(1) for part in parts), strict=True)
        for own_grad, into_c, of_c, of_o, kept, every, first_three, last in reversed(list(slices)):
            torch.add(own_grad, passed, out=dh)
            dc.addcmul_(dh, into_c)
            torch.mul(dc[:, :, None], of_c, out=first_three)
            torch.mul(dh, of_o, out=last)
            dc.mul_(kept)
            torch.bmm(every.view(clients, rows, fourfold), weight_hh, out=passed)
        flat = inner.view(clients, -1, fourfold)
        sums.add_hidden(flat, states[:, block])
        sums.add_input(flat, given[:, block.start * rows : block.stop * rows])
        if needs_x:
            dx[:, block] = torch.bmm(flat, weight_ih).view(clients, -1, rows, weight_ih.shape[-1])
    d_weight_ih, d_weight_hh, bias, _ = sums.gradients()
    return dx.transpose(1, 2), passed, dc, d_weight_ih, d_weight_hh, bias
