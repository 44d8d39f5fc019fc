"""The loader of a site: a file of its own, which the app does not bring along."""

import importlib.util
from pathlib import Path
from typing import Any

from counterpoint.data.population import Dataset
from counterpoint.deploy.client import NodeConfig
from counterpoint.errors import UserError


def at_site(node: NodeConfig) -> Dataset | Path | str:
    """What `load` of the site's own file gives.

    The app travels from the link to the sites with every run. How a site reads its data is the site's own affair, so
    that the file is where the setting `loader` of its node says.

    Args:
        node: settings of the node.

    Raises:
        UserError: there is no such file, or it fails.
    """
    if not node.get("loader"):
        raise UserError("this node does not say what loads its data: start it with ./site.sh N")
    return loaded(Path(str(node["loader"])), node)


def loaded(file: Path, node: NodeConfig) -> Dataset | Path | str:
    """What `load` of a file gives.

    Args:
        file: in which it is.
        node: settings of the node.

    Raises:
        UserError: there is no such file or function, or it fails.
    """
    if not file.is_file():
        raise UserError(
            f"there is no {file}, which loads the data of this site: get it back from where the app is from"
        )
    spec = importlib.util.spec_from_file_location("counterpoint_site_data", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    load = getattr(module, "load", None)
    if not callable(load):
        raise UserError(f"{file} has no function load(node), which gives the data of this site: write one")
    try:
        found: Any = load(node)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"load in {file} failed: {type(error).__name__}: {error}") from error
    if not isinstance(found, Dataset | Path | str):
        raise UserError(f"load in {file} gives a {type(found).__name__}: let it give a folder or a Dataset")
    return found
