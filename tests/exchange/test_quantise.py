"""What narrows, to what, and how far off it comes back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange.quantise import (
    TYPES,
    Precision,
    arriving,
    in_range,
    narrow,
    narrows,
    scales_of,
    size_of,
    type_of,
    widen,
)

NAN, INF = float("nan"), float("inf")
LOSSY: tuple[Precision, ...] = ("float16", "bfloat16", "int8")


def drawn(shape: tuple[int, ...], seed: int, size: float = 1.0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * size


@pytest.mark.parametrize("precision", ["float32", *LOSSY])
def test_what_narrows_follows_from_type_and_number_of_values(precision: Precision):
    narrow_at_all = {d for d in (torch.float32, torch.float16, torch.bfloat16) if narrows((2,), d, precision)}
    assert (
        narrow_at_all
        == {
            "float32": set(),
            "float16": {torch.float32},
            "bfloat16": {torch.float32},
            "int8": {torch.float32, torch.float16, torch.bfloat16},
        }[precision]
    )
    for dtype in (torch.float64, torch.complex64, torch.int64, torch.int8, torch.bool, torch.float8_e5m2):
        assert not narrows((5, 5), dtype, precision) and type_of((5, 5), dtype, precision) == dtype
    for shape in ((), (1,), (1, 1), (0,), (3, 0), (0, 3)):
        assert not narrows(shape, torch.float32, precision), "one value, or none, travels as it is"
        assert size_of(shape, torch.float32, precision) == 4 * torch.Size(shape).numel()


@pytest.mark.parametrize(
    ("shape", "scales"),
    [((2,), 1), ((7,), 1), ((3, 4), 3), ((3, 4, 5), 3), ((1, 9), 1), ((6, 1), 1), ((6, 1, 1), 1), ((6, 1, 2), 6)],
)
def test_a_row_has_a_scale_where_it_has_more_than_one_value(shape: tuple[int, ...], scales: int):
    assert scales_of(shape, torch.float32, "int8") == scales
    _, scale = narrow(drawn(shape, 1), "int8", shape)
    assert scale is not None and tuple(scale.shape) == (scales,) and scale.dtype == torch.float32
    n = torch.Size(shape).numel()
    assert size_of(shape, torch.float32, "int8") == n + 4 * scales
    assert size_of(shape, torch.float32, "float16") == size_of(shape, torch.float32, "bfloat16") == 2 * n
    assert scales_of(shape, torch.float32, "float16") == scales_of(shape, torch.int8, "int8") == 0


def test_eight_bits_by_hand():
    x = torch.tensor([[127.0, -1.0, 0.5, 1.5, 63.6], [0.0, 0.0, 0.0, 0.0, 0.0], [2.54, -2.54, 0.011, 0.009, 0.03]])
    values, scale = narrow(x, "int8", x.shape)
    assert values.dtype == torch.int8 and scale is not None
    assert values.tolist() == [[127, -1, 0, 2, 64], [0, 0, 0, 0, 0], [127, -127, 1, 0, 2]], "halves go to even"
    assert torch.allclose(scale, torch.tensor([1.0, 0.0, 0.02]))
    back = widen(values, scale, torch.float32)
    assert back[0].tolist() == [127, -1, 0, 2, 64] and back[1].tolist() == [0] * 5
    assert torch.allclose(back[2], torch.tensor([2.54, -2.54, 0.02, 0.0, 0.04]))


def test_sixteen_bits_by_hand():
    x = torch.tensor([1.0, 1 + 2**-11, 1 + 3 * 2**-11, 65504.0, -(2.0**-24), 1e-9])
    assert arriving(x, "float16", x.shape).tolist() == [1.0, 1.0, 1 + 2**-9, 65504.0, -(2.0**-24), 0.0]
    y = torch.tensor([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1e38])
    assert arriving(y, "bfloat16", y.shape)[:3].tolist() == [1.0, 1.0, 1 + 2**-6]
    assert narrow(x, "float16", x.shape)[0].dtype == torch.float16 and narrow(x, "float16", x.shape)[1] is None


SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)


@given(SHAPES, st.integers(0, 2**31), st.floats(-30, 30))
def test_eight_bits_are_off_by_half_a_step_at_most(shape: tuple[int, ...], seed: int, exponent: float):
    x = drawn(shape, seed, 10**exponent)
    back = arriving(x, "int8", shape)
    assert back.dtype == x.dtype and back.shape == x.shape
    if not narrows(shape, x.dtype, "int8"):
        assert back is x
        return
    rows = x.reshape(scales_of(shape, x.dtype, "int8"), -1).double()
    step = rows.abs().amax(1, keepdim=True) / 127
    assert bool(((back.reshape(rows.shape) - rows).abs() <= step / 2 * (1 + 1e-4)).all())


@given(SHAPES, st.integers(0, 2**31), st.floats(-3, 3))
def test_sixteen_bits_are_off_by_their_share_at_most(shape: tuple[int, ...], seed: int, exponent: float):
    x = drawn(shape, seed, 10**exponent)
    off = {p: (arriving(x, p, shape) - x).abs() for p in ("float16", "bfloat16")}
    assert bool((off["float16"] <= (x.abs() * 2**-11).clamp(min=2**-25)).all())
    assert bool((off["bfloat16"] <= x.abs() * 2**-8).all())


@pytest.mark.parametrize("precision", LOSSY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@given(shape=SHAPES, seed=st.integers(0, 2**31))
def test_together_is_one_by_one_to_the_bit(precision: Precision, dtype: torch.dtype, shape: tuple[int, ...], seed: int):
    together = drawn((3, *shape), seed).to(dtype)
    found = arriving(together, precision, shape)
    assert found.dtype == dtype and found.shape == together.shape
    for one, given_ in zip(found, together, strict=True):
        assert torch.equal(one, arriving(given_, precision, shape))


@pytest.mark.parametrize("precision", LOSSY)
def test_what_has_arrived_travels_on_almost_as_it_is(precision: Precision):
    x = drawn((40, 30), 3)
    once = arriving(x, precision, x.shape)
    twice = arriving(once, precision, x.shape)
    assert torch.allclose(once, twice, rtol=1e-6, atol=0) and not torch.equal(once, x)


@pytest.mark.parametrize("size", [1e-45, 1e-40, 1e-37, 1e-36, 3e-36, 1e37, 3.4e38])
def test_very_small_and_very_large_rows(size: float):
    x = torch.tensor([[size, -size / 3], [1.0, 0.3]])
    back = arriving(x, "int8", x.shape)
    bound = max(size / 254 * 1.0001, 1.5e-36 if size < 1.5e-36 else 0)
    assert bool(((back[0] - x[0]).abs() <= bound).all())
    assert torch.isfinite(back).all() and torch.equal(back[1], arriving(x[1:], "int8", (1, 2))[0])


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_what_is_not_finite_never_becomes_finite(bad: float):
    x = torch.tensor([[1.0, bad, 2.0], [1.0, 2.0, 3.0]])
    eight = arriving(x, "int8", x.shape)
    assert bool(eight[0].isnan().all()) and bool(eight[1].isfinite().all())
    for precision in ("float16", "bfloat16"):
        back = arriving(x, precision, x.shape)
        assert torch.equal(back.isfinite(), x.isfinite())
        in_range("x", x, back, precision)


@pytest.mark.parametrize(("precision", "most"), [("float16", "65504"), ("bfloat16", "3.38953e+38")])
def test_finite_values_that_do_not_fit_are_told(precision: Precision, most: str):
    largest = torch.finfo(TYPES[precision]).max
    fits = torch.tensor([largest, -largest])
    in_range("x", fits, arriving(fits, precision, fits.shape), precision)
    bad = torch.tensor([1.0, INF, -min(largest * 2, 3.4e38)])
    with pytest.raises(PackageError) as found:
        in_range("head.weight", bad, arriving(bad, precision, bad.shape), precision)
    worst = "131008" if precision == "float16" else "3.4e+38"
    assert str(found.value) == f"'head.weight' holds {worst}, and {precision} carries at most {most}"
