"""Writing an app: everything that a federation of real sites needs, in a folder."""

import json
import re
import shutil
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import mkdtemp

from counterpoint.data import prepared, sources
from counterpoint.data.population import Dataset, Side
from counterpoint.data.prepare import is_folder
from counterpoint.deploy.shares import share
from counterpoint.errors import UserError
from counterpoint.methods import find_method

FILLED = ".in"
"""How the names of templates end that have places to fill in."""
PLACE = re.compile("@([A-Z]+)@")
TAKEN = ("__init__.py", "client.py", "server.py")


def write_app(
    folder: Path, *, data: str, method: str, sites: int = 3, link: str = "127.0.0.1:8443", rounds: int = 10
) -> None:
    """Write an app; the whole of it, or nothing.

    Args:
        folder: new or empty.
        data: a public data set, of which sites have a share until they have data of their own, or a folder of one's
            own with rows such as sites have: its classes and modalities are what they agree on.
        method: its name, or `FILE.py:CLASS`; the file goes into the app.
        sites: how many there are.
        link: host and port at which sites reach the link.
        rounds: of a run.

    Raises:
        UserError: something is in the folder, or something of the rest does not go together.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already and is not an empty folder: choose another one")
    if sites < 1:
        raise UserError(f"{sites} sites are too few: there must be one at least")
    if rounds < 1:
        raise UserError(f"{rounds} rounds are too few: there must be one at least")
    check_address(link)
    name, file = _method(method)
    dataset = prepared(data)
    public = not is_folder(data) and not sources.from_folder(data.partition(":")[0])
    tested = public and bool((dataset.side == Side.GLOBAL_TEST).any())
    places = {
        "AGREEMENT": "\n".join(_agreement(dataset, data if public else "", sites)),
        "LAST": str(sites - 1),
        "LINK": link,
        "HOST": link.rpartition(":")[0].strip("[]"),
        "METHOD": _text(name),
        "NAME": _text(dataset.name),
        "PUBLIC": _text(data if public else ""),
        "ROUNDS": str(rounds),
        "SITES": str(sites),
        "TEST": _text(data if tested else ""),
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from error
    try:
        _write(resources.files("counterpoint.deploy") / "template", made, places)
        if file is not None:
            shutil.copyfile(file, made / "app" / file.name)
        made.chmod(0o755)
        made.replace(folder)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def check_address(link: str) -> None:
    """Refuse what is no host and port.

    Raises:
        UserError: it is none.
    """
    host, _, port = link.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536 or re.search(r"[\s\"'$`\\#/]", host):
        raise UserError(f"{link!r} is no address of a link: write HOST:PORT, for example fl.example.org:8443")


def _method(text: str) -> tuple[str, Path | None]:
    """A method as an app names it, and the file of it, if it is one of the user's own.

    Raises:
        UserError: there is no such method, or it has no server.
    """
    cls = find_method(text)
    if cls.model_kind == "peer":
        raise UserError(
            f"{text} has no server, and Flower is made of one: take another method, or run it on real devices with"
            " counterpoint peer"
        )
    path, colon, wanted = text.partition(":")
    if not path.endswith(".py"):
        return text, None
    file = Path(path)
    if file.name in TAKEN:
        raise UserError(f"{path} has the name of a file of the app: give it another one")
    return f"{file.name}{colon}{wanted}", file


def _agreement(dataset: Dataset, public: str, sites: int) -> Iterator[str]:
    """What the sites agree on, in lines of TOML: the words of a data set."""
    yield f"classes = {_text(dataset.task.classes)}"
    yield "\n[modalities]"
    for name, modality in sorted(dataset.modalities.items()):
        yield f"{_text(name)} = {{kind = {_text(modality.kind)}, shape = {_text(modality.shape)}}}"
    yield "\n[sites]"
    for number in range(sites):
        samples = share(public, number, of=sites).samples if public else dataset.samples
        has = [name for name in sorted(dataset.modalities) if bool(samples.present[name].any())]
        yield f"{number} = {{name = {_text(f'site {number}')}, modalities = {_text(has)}}}"


def _text(value: object) -> str:
    """A text, a number or a list of such, as TOML and Python both read it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(template: Traversable, folder: Path, places: dict[str, str]) -> None:
    """Copy a folder of templates, with their places filled in."""
    for entry in template.iterdir():
        if entry.is_dir():
            if not entry.name.startswith("__"):
                (folder / entry.name).mkdir()
                _write(entry, folder / entry.name, places)
            continue
        text = entry.read_text(encoding="utf-8")
        name = entry.name.removesuffix(FILLED)
        if name != entry.name:
            text = PLACE.sub(lambda found: places[found[1]], text)
        path = folder / (".gitignore" if name == "gitignore" else name)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)
