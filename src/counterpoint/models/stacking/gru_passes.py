"""The two passes of a GRU through time, of many clients."""

import torch
from torch import Tensor

from counterpoint.models.stacking.passes import Sums, Tensors, backward_blocks, operator, tanh_


def _fake_forward(x: Tensor, h: Tensor, *_: Tensor) -> Tensors:
    clients, rows, steps, channels = x.shape
    width = h.shape[-1]
    given = x.new_empty(clients, steps * rows, channels)
    sizes = ((steps + 1, width), (steps, 3 * width), (steps, width))
    return given, *(x.new_empty(clients, many, rows, size) for many, size in sizes)


@operator(
    "gru_forward(Tensor x, Tensor h, Tensor weight_ih, Tensor weight_hh, Tensor bias_ih, Tensor bias_hh)"
    " -> (Tensor, Tensor, Tensor, Tensor)",
    _fake_forward,
)
def forward(x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensors:
    """x with steps first; all states, the first one too; r, z, n; and W_hn h + b_hn."""
    clients, rows, steps, channels = x.shape
    width = h.shape[-1]
    given = x.transpose(1, 2).reshape(clients, steps * rows, channels)
    bias = bias_ih.clone()
    bias[:, : 2 * width] += bias_hh[:, : 2 * width]
    gates = torch.baddbmm(bias[:, None], given, weight_ih.transpose(1, 2)).view(clients, steps, rows, 3 * width)
    states, own = (x.new_empty(clients, many, rows, width) for many in (steps + 1, steps))
    states[:, 0] = h
    recurrent, own_bias = weight_hh.transpose(1, 2), bias_hh[:, None, 2 * width :]
    product = x.new_empty(clients, rows, 3 * width)
    product_rz, product_n = product[..., : 2 * width], product[..., 2 * width :]
    rz = gates[..., : 2 * width]
    slices = (part.unbind(1) for part in (states[:, :-1], states[:, 1:], rz, *gates.chunk(3, -1), own))
    for before, after, both, r, z, n, mine in zip(*slices, strict=True):
        torch.bmm(before, recurrent, out=product)
        both.add_(product_rz).sigmoid_()
        torch.add(product_n, own_bias, out=mine)
        tanh_(n.addcmul_(r, mine))
        torch.lerp(n, before, z, out=after)
    return given, states, gates, own


def _fake_backward(
    grad: Tensor,
    given: Tensor,
    states: Tensor,
    gates: Tensor,
    own: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    needs_x: bool,
) -> Tensors:
    clients, steps, rows, triple = gates.shape
    dx = grad.new_empty(clients, steps if needs_x else 0, rows, weight_ih.shape[-1]).transpose(1, 2)
    bias = (gates.new_empty(clients, triple) for _ in range(2))
    return dx, torch.empty_like(own[:, 0]), torch.empty_like(weight_ih), torch.empty_like(weight_hh), *bias


@operator(
    "gru_backward(Tensor grad, Tensor given, Tensor states, Tensor gates, Tensor own, Tensor weight_ih,"
    " Tensor weight_hh, bool needs_x) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _fake_backward,
)
def backward(
    grad: Tensor,
    given: Tensor,
    states: Tensor,
    gates: Tensor,
    own: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    needs_x: bool,
) -> Tensors:
    """With dh of a step: d(W_hh h + b_hh) = dh * factors, dh of the step before = dh z + what passes through W_hh."""
    clients, steps, rows, triple = gates.shape
    width = triple // 3
    passed = grad.new_zeros(clients, rows, width)
    dh, spare = torch.empty_like(passed), torch.empty_like(passed)
    sums = Sums(weight_ih, weight_hh)
    dx = grad.new_empty(clients, steps if needs_x else 0, rows, weight_ih.shape[-1])
    blocks = backward_blocks(steps, own[:, 0].numel())
    size = blocks[0].stop - blocks[0].start
    wide = gates.new_empty(2, clients, size, rows, 3, width)
    narrow = gates.new_empty(3, clients, size, rows, width)
    for block in blocks:
        before, mine = states[:, block], own[:, block]
        r, z, n = gates[:, block].chunk(3, -1)
        inner, factors = wide[:, :, : mine.shape[1]]
        outer_n, factor_n, left = narrow[:, :, : mine.shape[1]]
        of_r, of_z, of_n = factors.unbind(-2)
        left.fill_(1).sub_(z)
        torch.mul(n, n, out=factor_n).neg_().add_(1).mul_(left)
        torch.mul(factor_n, r, out=of_n)
        torch.mul(of_n, mine, out=of_r)
        of_r.addcmul_(of_r, r, value=-1)
        torch.sub(before, n, out=of_z).mul_(z).mul_(left)
        parts = (grad[:, block], z, factor_n, factors, inner, outer_n)
        slices = zip(*(part.unbind(1) for part in parts), strict=True)
        for own_grad, kept, to_n, of_all, into, into_n in reversed(list(slices)):
            torch.add(own_grad, passed, out=dh)
            torch.mul(dh[:, :, None], of_all, out=into)
            torch.mul(dh, to_n, out=into_n)
            torch.mul(dh, kept, out=spare)
            torch.baddbmm(spare, into.view(clients, rows, triple), weight_hh, out=passed)
        flat = inner.flatten(1, 2).flatten(2)
        sums.add_hidden(flat, before)
        inner[..., 2, :] = outer_n
        sums.add_input(flat, given[:, block.start * rows : block.stop * rows])
        if needs_x:
            dx[:, block] = torch.bmm(flat, weight_ih).view(clients, -1, rows, weight_ih.shape[-1])
    return dx.transpose(1, 2), passed, *sums.gradients()
