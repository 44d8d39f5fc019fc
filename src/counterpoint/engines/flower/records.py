"""Orders, answers and memories as records of Flower, and back.

Of a package each field is an `ArrayRecord` of its own, `package/FIELD`, with the tensors by name: clients with other
modalities have other names there, which no strategy of Flower's takes, and which nothing here minds.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from counterpoint.engines.flower.order import Answer, Order
from counterpoint.errors import PackageError

PACKAGE = "package/"
ORDER, ANSWER = "order", "answer"
RAW = "raw"
"""How Flower names the bytes of a type that numpy lacks."""
BRAIN = "bfloat16"
SEPARATOR = "/"


def of_order(order: Order, run: str, config: str) -> RecordDict:
    """An order as records.

    Args:
        order: to be sent.
        run: which one it is of.
        config: of the run, as TOML.
    """
    told = ConfigRecord(
        {
            "client": order.client,
            "program": order.program,
            "round": order.round,
            "visit": order.visit,
            "modalities": list(order.modalities),
            "kind": order.kind,
            "run": run,
            "config": config,
        }
    )
    return RecordDict({ORDER: told, **of_package(order.data)})


def order_in(content: RecordDict) -> tuple[Order, str, str]:
    """An order, the run that it is of, and that run's configuration as TOML.

    Raises:
        PackageError: it is none.
    """
    try:
        told = content.config_records[ORDER]
        order = Order(
            client=int(told["client"]),  # type: ignore[arg-type]  # a record's values are of many types
            program=str(told["program"]),
            round=int(told["round"]),  # type: ignore[arg-type]
            visit=int(told["visit"]),  # type: ignore[arg-type]
            modalities=tuple(map(str, told["modalities"])),  # type: ignore[arg-type]
            kind=str(told["kind"]),
            data=package_in(content),
        )
        return order, str(told["run"]), str(told["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise PackageError(f"it is no order: {error}") from error


def of_answer(answer: Answer) -> RecordDict:
    """An answer as records."""
    told = ConfigRecord({"failed": answer.failed or ""})
    return RecordDict({ANSWER: told, **of_package(answer.data)})


def answer_in(content: RecordDict, client: int, max_bytes: int) -> Answer:
    """What a client answered; a failure, if that cannot be understood.

    Args:
        content: as it came.
        client: who was asked.
        max_bytes: what is longer is not looked at.
    """
    try:
        failed = str(content.config_records[ANSWER]["failed"])
        size = sum(len(array.data) for record in content.array_records.values() for array in record.values())
        if size > max_bytes:
            raise PackageError(f"it has {size} bytes, at most {max_bytes} are taken")
        return Answer(client, failed=failed) if failed else Answer(client, package_in(content))
    except (KeyError, TypeError) as error:
        return Answer(client, failed=f"what it answered is no answer ({error})")
    except PackageError as error:
        return Answer(client, failed=str(error))


def of_package(data: bytes) -> dict[str, ArrayRecord]:
    """The records of an encoded package: by field, the tensors by name."""
    found: dict[str, dict[str, Array]] = {}
    for entry, tensor in (load(data) if data else {}).items():
        field, _, name = entry.partition(SEPARATOR)
        found.setdefault(PACKAGE + field, {})[name] = array_of(tensor)
    return {field: ArrayRecord(arrays) for field, arrays in found.items()}


def package_in(content: RecordDict) -> bytes:
    """The encoded package of which there are records.

    Raises:
        PackageError: an array is damaged.
    """
    tensors: dict[str, Tensor] = {}
    for record, arrays in content.array_records.items():
        field = record.removeprefix(PACKAGE)
        if field == record:
            raise PackageError(f"it has an unknown record {record!r}")
        for name, array in arrays.items():
            tensors[f"{field}{SEPARATOR}{name}" if name else field] = tensor_of(array)
    try:
        return save(tensors)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise PackageError(f"its arrays cannot be a package ({error})") from error


def array_of(tensor: Tensor) -> Array:
    """A tensor as Flower has it."""
    value = tensor.detach().cpu().contiguous()
    if value.dtype == torch.bfloat16:
        raw = value.view(torch.int16).numpy().tobytes()
        return Array(dtype=BRAIN, shape=tuple(value.shape), stype=RAW, data=raw)
    return Array(value.numpy())


def tensor_of(array: Array) -> Tensor:
    """The tensor that Flower has.

    Raises:
        PackageError: its bytes are damaged, or of a type that no tensor has.
    """
    try:
        if array.stype == RAW and array.dtype == BRAIN:
            words = torch.frombuffer(bytearray(array.data), dtype=torch.int16) if array.data else torch.empty(0)
            return words.to(torch.int16).view(torch.bfloat16).reshape(array.shape)
        return torch.from_numpy(numpy.array(array.numpy()))
    except (TypeError, ValueError, EOFError, OSError, RuntimeError) as error:
        raise PackageError(f"an array is damaged ({error})") from error


def of_memory(described: Any, tensors: Mapping[str, Tensor]) -> tuple[ArrayRecord, ConfigRecord]:
    """A memory, described by a JSON value and tensors, as records."""
    arrays = ArrayRecord({name: array_of(tensor) for name, tensor in tensors.items()})
    return arrays, ConfigRecord({"described": json.dumps(described)})


def memory_in(arrays: ArrayRecord, told: ConfigRecord) -> tuple[Any, dict[str, Tensor]]:
    """The JSON value and the tensors of a memory."""
    return json.loads(str(told["described"])), {name: tensor_of(array) for name, array in arrays.items()}
