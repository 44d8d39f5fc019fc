"""Looks at an app: what the sites agreed on, the files that travel, and the method."""

import importlib
import io
import sys
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from counterpoint.data import sources
from counterpoint.deploy.agreement import Agreement
from counterpoint.deploy.checks.finding import Level, Said
from counterpoint.deploy.settings import AppSettings, method_at
from counterpoint.errors import UserError
from counterpoint.methods import find_method
from counterpoint.runs import configured
from counterpoint.runs.prepare import assembled, check_device, chosen_method

PARTS = "app"
PRIVATE = b"PRIVATE KEY"
MOST = 10 * 2**20
"""Bytes of an app that Flower takes."""


def agreement_of(folder: Path, settings: AppSettings) -> Agreement:
    """What the sites agreed on.

    Raises:
        UserError: the app does not say, or it cannot be read.
    """
    if not settings.sites:
        raise UserError('sites is empty in pyproject.toml: name what the sites agreed on, sites = "agreement.toml"')
    return Agreement.read(folder / PARTS / settings.sites)


def look_at_agreement(folder: Path, settings: AppSettings, site: int | None) -> Said:
    """Whether it can be read, and names the site."""
    agreement = agreement_of(folder, settings)
    count = len(agreement.sites)
    if site is not None and site not in agreement.sites:
        yield Level.ERROR, f"{settings.sites} has no site {site}: its sites are 0 to {count - 1}"
    if settings.min_clients > count:
        wanted = f"min-clients = {settings.min_clients}"
        yield Level.ERROR, f"pyproject.toml has {wanted}, and {settings.sites} has {count} sites: ask for fewer"
    yield Level.READY, f"{count} sites, {len(agreement.classes)} classes, {', '.join(sorted(agreement.modalities))}"


def look_at_app(folder: Path) -> Said:
    """Whether its modules can be imported, and what is packed is small and holds no key."""
    from flwr.cli.build import build_fab_from_disk

    for module in ("server", "client"):
        if complaint := _imported(folder, f"{PARTS}.{module}"):
            yield Level.ERROR, complaint
    for path in sorted((folder / PARTS).rglob("*")):
        if path.is_file() and PRIVATE in path.read_bytes():
            yield (
                Level.ERROR,
                f"{path.relative_to(folder)} holds a private key, and {PARTS}/ goes to every site: make a new one",
            )
    try:
        packed = build_fab_from_disk(folder)
    except ValueError as error:
        size = sum(path.stat().st_size for path in (folder / PARTS).rglob("*") if path.is_file())
        if "exceeds maximum" in str(error):
            complaint = f"{PARTS}/ is too large, {size / 2**20:.1f} MiB, and Flower takes {MOST // 2**20}"
            yield Level.ERROR, f"{complaint}: keep data and models elsewhere"
        else:
            yield Level.ERROR, f"Flower cannot pack the app, see pyproject.toml: {' '.join(str(error).split())}"
        return
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        names = [name for name in files.namelist() if not name.startswith(".info/")]
        for name in names:
            if not name.startswith(f"{PARTS}/") and PRIVATE in files.read(name):
                yield Level.ERROR, f"{name} holds a private key and is packed into the app: make a new one"
    yield Level.READY, f"{len(names)} files, {len(packed) / 1024:.0f} KiB, go to every site with a run"


def _imported(folder: Path, module: str) -> str:
    """What is wrong with a module of the app; nothing where it can be imported and has its app."""
    file = f"{module.replace('.', '/')}.py"
    if not (folder / file).is_file():
        return f"there is no {file}: write a new app with counterpoint deploy init, and take it from there"
    before, path, unwritten = set(sys.modules), list(sys.path), sys.dont_write_bytecode
    hidden = {name: sys.modules.pop(name) for name in before if name.partition(".")[0] == PARTS}
    sys.path.insert(0, str(folder.resolve()))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        loaded = importlib.import_module(module)
    except Exception as error:
        return f"{file} cannot be imported: {type(error).__name__}: {' '.join(str(error).split())}"
    finally:
        sys.path[:], sys.dont_write_bytecode = path, unwritten
        for name in [name for name in sys.modules if name.partition(".")[0] == PARTS]:
            del sys.modules[name]
        sys.modules.update(hidden)
    return "" if hasattr(loaded, "app") else f"{file} has no app: it must say app = {module.partition('.')[2]}_app(...)"


def look_at_method(folder: Path, settings: AppSettings, agreement: Agreement) -> Said:
    """Whether the method can be run so at a server whose clients are elsewhere."""
    cls = find_method(method_at(settings.method, folder / PARTS))
    if cls.model_kind == "peer":
        yield Level.ERROR, f"{settings.method} has no server, and Flower is made of one: choose another method"
        return
    lacks = list(_lacking(settings, cls.needs))
    yield from ((Level.ERROR, text) for text in lacks)
    given = {"test": settings.test, "proxy": settings.proxy, "labelled": settings.labelled}
    away = {key: name for key, name in given.items() if name in sources.names() and not _here(name)}
    for key, name in away.items():
        yield Level.WARNING, f"{key} = {name} in pyproject.toml is not fetched yet: counterpoint data get {name}"
    if lacks:
        return
    population = agreement.population(
        settings.data, **{k: _seen_from(folder, v) for k, v in given.items() if k not in away}
    )
    if not {"proxy", "labelled"} & set(away):
        method = method_at(settings.method, folder / PARTS)
        config = configured(method, population, **settings.options())
        assembled(config, chosen_method(config, cls), population, elsewhere=True)
        check_device(config.device)
    tests = f"{len(population.test):,} rows of a global test" if len(population.test) else "no global test"
    yield Level.READY, f"{settings.method}, {settings.rounds} rounds, {tests}"


def _lacking(settings: AppSettings, needs: Collection[str]) -> Iterator[str]:
    if "proxy" in needs and not settings.proxy:
        yield (
            f"{settings.method} needs rows without labels that everyone holds: name them in pyproject.toml (proxy) and"
            " at each site (PROXY=FOLDER ./site.sh N)"
        )
    if "labelled" in needs and not settings.labelled:
        yield f"{settings.method} learns from labelled rows of the server's own: name them in pyproject.toml (labelled)"


def _here(name: str) -> bool:
    return not sources.from_folder(name) and sources.cached(name)


def _seen_from(folder: Path, name: str) -> str:
    """A folder as the link sees it, whose scripts run in the app's."""
    return str(folder / name) if name and (folder / name).is_dir() else name
