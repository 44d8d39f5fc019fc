"""Methods by name, and methods out of a user's own file."""

from pathlib import Path

from counterpoint.errors import unknown
from counterpoint.methods.centralized import Centralized
from counterpoint.methods.clip_afl import ClipAFL
from counterpoint.methods.clip_bounds import ClipCentralized, ClipLocal
from counterpoint.methods.clip_fedavg import ClipFedAvg
from counterpoint.methods.clip_fedprox import ClipFedProx
from counterpoint.methods.clip_moon import ClipMoon
from counterpoint.methods.d_psgd import DPSGD
from counterpoint.methods.dccae import DCCAE
from counterpoint.methods.dmml_kd import DMMLKD
from counterpoint.methods.fedaid import FedAID
from counterpoint.methods.fedavg import FedAvg
from counterpoint.methods.fedcmi import FedCMI
from counterpoint.methods.fedmekt import FedMEKT
from counterpoint.methods.fedopt import FedAdagrad, FedAdam, FedYogi
from counterpoint.methods.fedprox import FedProx
from counterpoint.methods.from_file import class_in_file
from counterpoint.methods.gradient_tracking import GradientTracking
from counterpoint.methods.local import Local
from counterpoint.methods.method import Method
from counterpoint.methods.mm_bounds import MMCentralized, MMLocal, ServerOnly
from counterpoint.methods.mm_fedavg import MMFedAvg
from counterpoint.methods.mm_fedprox import MMFedProx
from counterpoint.methods.mm_moon import MMMoon
from counterpoint.methods.scaffold import Scaffold

METHODS: dict[str, type[Method]] = {
    cls.name: cls
    for cls in (
        Local,
        Centralized,
        FedAvg,
        FedProx,
        Scaffold,
        FedAdam,
        FedYogi,
        FedAdagrad,
        FedCMI,
        FedMEKT,
        MMFedAvg,
        MMFedProx,
        MMMoon,
        DCCAE,
        MMLocal,
        MMCentralized,
        ServerOnly,
        FedAID,
        ClipFedAvg,
        ClipFedProx,
        ClipMoon,
        ClipAFL,
        ClipLocal,
        ClipCentralized,
        DPSGD,
        GradientTracking,
        DMMLKD,
    )
}


def find_method(name: str) -> type[Method]:
    """The method of this name, or the one in a file: `my_method.py`, or `my_method.py:MyMethod`.

    Raises:
        UserError: there is none.
    """
    if name.partition(":")[0].endswith(".py"):
        found: type[Method] = class_in_file(name, Method, "method")  # type: ignore[type-abstract]  # what is found is concrete
        return found
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    return METHODS[name]


def lasting_name(name: str) -> str:
    """The name under which a method is found from any folder: that of a file with its whole path."""
    path, colon, wanted = name.partition(":")
    return f"{Path(path).resolve()}{colon}{wanted}" if path.endswith(".py") else name
