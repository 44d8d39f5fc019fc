"""A recorded step as a Python function: one line an operation, each value dropped after its last use."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from counterpoint.engines.operations import Name, Operation, Recording, Size

Replay = Callable[..., list[Tensor]]
"""replay(clients, rows, *inputs) -> outputs."""

_ATEN = torch.ops.aten
_SAME = {_ATEN.detach.default, _ATEN.alias.default, _ATEN.lift_fresh_copy.default, _ATEN.lift_fresh.default}
"""Operations that return their first argument, as far as values go."""
_SHAPING = {_ATEN.view.default, _ATEN._unsafe_view.default, _ATEN.expand.default, _ATEN.reshape.default}
"""Operations that do so where its shape stays."""
_MAKING = {_ATEN.scalar_tensor.default}
"""Operations that make a tensor which nothing writes to: it is made once."""
RATE = "rate"
"""Name of the input by which outputs are multiplied before they are added to what they move."""


def compiled(recording: Recording) -> Replay:
    """The function that carries out a recording."""
    return _function(simplified(recording), not _writes(recording))


def descending(recording: Recording, moved: Sequence[int]) -> Replay:
    """The function that carries out a recording of gradients and moves tensors by them, in place.

    A gradient that is a matrix product is added to its tensor as it is computed, and never exists by itself; unless it
    is a product with a tensor that moves too.

    Args:
        recording: of a step whose outputs are gradients.
        moved: for each output the place of the input that it moves: w <- w + rate * output.

    Returns:
        A function like that of `compiled`, with one input more, the rate, at the end; it returns nothing.
    """
    plain = simplified(recording)
    uses = Counter(name for operation in plain.operations for name in _names(operation))
    uses.update(part.name for part in _parts(plain.outputs) if isinstance(part, Name))
    by_name = {operation.name: operation for operation in plain.operations}
    moving = _views(plain.operations, {plain.inputs[place] for place in moved})
    products, moves = set(), []
    for place, output in zip(moved, plain.outputs, strict=True):
        product = by_name.get(output.name)
        alone = product is not None and product.function is _ATEN.bmm.default and uses[output.name] == 1
        if product is not None and alone and not moving & set(_names(product)):
            products.add(output.name)
            function, given = _ATEN.baddbmm_.default, product.args
        else:
            function, given = _ATEN.add_.Tensor, (output,)
        target = Name(plain.inputs[place])
        moves.append(Operation(f"moved{place}", function, (target, *given), {"alpha": Name(RATE)}))
    kept = [operation for operation in plain.operations if operation.name not in products]
    descent = Recording([*plain.inputs, RATE], [*kept, *moves], [], plain.constants)
    return _function(descent, not _writes(recording))


def simplified(recording: Recording) -> Recording:
    """The same without what only hands a value on, and with nothing computed twice."""
    if _writes(recording):
        return recording
    return _without_waste(_without_repeats(_without_moves(_with_ones(recording))))


def _writes(recording: Recording) -> bool:
    """Whether an operation writes to what it is given."""
    schemas = [getattr(operation.function, "_schema", None) for operation in recording.operations]
    return any(schema is not None and schema.is_mutable for schema in schemas)


def _views(operations: Sequence[Operation], inputs: Collection[str]) -> set[str]:
    """Names of inputs, and of what shares memory with them."""
    found = set(inputs)
    for operation in operations:
        schema = getattr(operation.function, "_schema", None)
        shares = schema is None or any(value.alias_info is not None for value in schema.returns)
        if shares and found & set(_names(operation)):
            found.add(operation.name)
    return found


def _function(recording: Recording, once: bool) -> Replay:
    """A recording as a function.

    Args:
        recording: what it does.
        once: whether numbers that a step begins with are made once, because nothing writes to them.
    """
    values: dict[str, Any] = dict(recording.constants)
    lines = [f"def replay(clients, rows, {', '.join(recording.inputs)}):"]
    last = _last_uses(recording)
    for place, operation in enumerate(recording.operations):
        function = f"f{place}"
        values[function] = operation.function
        if once and operation.function in _MAKING and not _depends(operation):
            values[operation.name] = operation.function(*operation.args, **operation.kwargs)
            continue
        given = [_text(value, values) for value in operation.args]
        given += [f"{key}={_text(value, values)}" for key, value in operation.kwargs.items()]
        lines.append(f"    {operation.name} = {function}({', '.join(given)})")
        if dropped := [name for name in last.get(place, []) if name not in values]:
            lines.append(f"    {' = '.join(dropped)} = None")
    lines.append(f"    return [{', '.join(_text(value, values) for value in recording.outputs)}]")
    exec(compile("\n".join(lines), "<recorded step>", "exec"), values)
    replay: Replay = torch.no_grad()(values["replay"])
    return replay


def _text(value: Any, values: dict[str, Any]) -> str:
    """A value as source text; what has no text is kept under a name."""
    if isinstance(value, Name):
        return value.name
    if isinstance(value, Size):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_text(part, values) for part in value)}]"
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and abs(value) < 1e300):
        return repr(value)
    name = f"constant{len(values)}"
    values[name] = value
    return name


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, Mapping):
        yield from _parts(list(value.values()))
    else:
        yield value


def _names(operation: Operation) -> list[str]:
    return [part.name for part in _parts([operation.args, operation.kwargs]) if isinstance(part, Name)]


def _depends(operation: Operation) -> bool:
    return any(isinstance(part, Size) for part in _parts([operation.args, operation.kwargs]))


def _last_uses(recording: Recording) -> dict[int, list[str]]:
    """By place of an operation, the names that nothing after it reads."""
    kept = {part.name for part in _parts(recording.outputs) if isinstance(part, Name)}
    last: dict[str, int] = {}
    for place, operation in enumerate(recording.operations):
        last |= dict.fromkeys([operation.name, *_names(operation)], place)
    found: dict[int, list[str]] = {}
    for name, place in last.items():
        if name not in kept:
            found.setdefault(place, []).append(name)
    return found


def _renamed(recording: Recording, instead: Mapping[str, Any], operations: list[Operation]) -> Recording:
    def of(value: Any) -> Any:
        if isinstance(value, Name):
            return instead.get(value.name, value)
        if isinstance(value, list | tuple):
            return type(value)(of(part) for part in value)
        return {k: of(v) for k, v in value.items()} if isinstance(value, Mapping) else value

    kept = [Operation(o.name, o.function, of(o.args), of(o.kwargs), o.reshapes, o.single) for o in operations]
    return Recording(recording.inputs, kept, of(recording.outputs), recording.constants)


def _without_moves(recording: Recording) -> Recording:
    """Leave out what only hands a value on."""
    instead: dict[str, Any] = {}
    operations = []
    for operation in recording.operations:
        if _hands_on(operation):
            source = operation.args[0]
            instead[operation.name] = instead.get(source.name, source)
        else:
            operations.append(operation)
    return _renamed(recording, instead, operations)


def _with_ones(recording: Recording) -> Recording:
    """A one that is made like a loss does not need the loss: backward passes begin with it."""

    def of(operation: Operation) -> Operation:
        if operation.function is not _ATEN.ones_like.default or operation.single is None:
            return operation
        dtype, device = operation.single
        kind = {"dtype": dtype, "device": device}
        return Operation(operation.name, _ATEN.scalar_tensor.default, (1,), kind, single=operation.single)

    return replace(recording, operations=[of(operation) for operation in recording.operations])


def _without_waste(recording: Recording) -> Recording:
    """Leave out what nothing needs."""
    needed = {part.name for part in _parts(recording.outputs) if isinstance(part, Name)}
    kept = []
    for operation in reversed(recording.operations):
        if operation.name in needed:
            needed.update(_names(operation))
            kept.append(operation)
    return replace(recording, operations=kept[::-1])


def _hands_on(operation: Operation) -> bool:
    if operation.function in _SAME or (operation.function in _SHAPING and not operation.reshapes):
        return isinstance(operation.args[0], Name)
    return operation.function is _ATEN.permute.default and operation.args[1] == list(range(len(operation.args[1])))


def _without_repeats(recording: Recording) -> Recording:
    """Compute once what is computed twice in the same way."""
    instead: dict[str, Any] = {}
    known: dict[str, Name] = {}
    operations = []
    for operation in recording.operations:
        (same,) = _renamed(recording, instead, [operation]).operations
        key = repr((str(same.function), same.args, same.kwargs))
        if key in known:
            instead[operation.name] = known[key]
        else:
            known[key] = Name(operation.name)
            operations.append(operation)
    return _renamed(recording, instead, operations)
