"""Methods, one file each, and the contract that they are written against."""

from counterpoint.methods.client import Client, Draws, Memory, Value
from counterpoint.methods.fedavg import FedAvg
from counterpoint.methods.federation import Federation
from counterpoint.methods.method import Method
from counterpoint.methods.registry import METHODS, find_method
from counterpoint.methods.settings import TrainSettings

__all__ = [
    "METHODS",
    "Client",
    "Draws",
    "FedAvg",
    "Federation",
    "Memory",
    "Method",
    "TrainSettings",
    "Value",
    "find_method",
]
