"""What travels between parties, as values and as bytes."""

from counterpoint.exchange.check import check
from counterpoint.exchange.codec import decode, encode, received
from counterpoint.exchange.layout import Layout, Tensors, TensorSpec
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Blocks, Package, Weights, named, per_block, per_modality
from counterpoint.exchange.quantise import Precision, arriving
from counterpoint.exchange.settings import ExchangeSettings
from counterpoint.exchange.traffic import bytes_by_block

__all__ = [
    "Blocks",
    "ExchangeSettings",
    "Layout",
    "Many",
    "Package",
    "Precision",
    "TensorSpec",
    "Tensors",
    "Weights",
    "arriving",
    "bytes_by_block",
    "check",
    "decode",
    "encode",
    "named",
    "per_block",
    "per_modality",
    "received",
]
