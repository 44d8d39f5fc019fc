"""The server side of an app: a run whose clients are at nodes."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from counterpoint.data.population import Population
from counterpoint.deploy.agreement import Agreement
from counterpoint.deploy.lines import Lines
from counterpoint.deploy.settings import AppSettings, method_at
from counterpoint.engines.flower.engine import OverFlower
from counterpoint.engines.flower.grid import NodeSites
from counterpoint.errors import UserError
from counterpoint.methods import find_method
from counterpoint.report import write_report
from counterpoint.runs import RunConfig, RunFolder, RunResult, configured
from counterpoint.runs.folder import unused
from counterpoint.runs.naming import default_name
from counterpoint.runs.prepare import assembled, check_device, chosen_method, population_of
from counterpoint.runs.run import Run
from counterpoint.runs.start import RUNS, logged, one_thread

LOG = logging.getLogger("counterpoint")
SAID = logging.getLogger("flwr")
"""What people see who look on at a run of Flower."""
NAME, LOCK = "flower.json", ".lock"


def server_app(file: str) -> ServerApp:
    """The `ServerApp` of an app: it runs the server's program of any method, and keeps the run folder.

    Args:
        file: `__file__` of the module of the app, in whose folder files of the app are.
    """
    app, here = ServerApp(), Path(file).resolve().parent

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        """Run all rounds."""
        try:
            serve(grid, AppSettings.of(context.run_config), here)
        except UserError as error:
            SAID.error("counterpoint: %s", error)
            raise

    return app


def serve(grid: Grid, settings: AppSettings, app: Path, *, report: bool = True) -> RunResult:
    """Run all rounds that are left, and write the report.

    Args:
        grid: of the running app.
        settings: of the app.
        app: its folder.
        report: whether to write one.

    Raises:
        UserError: something of them is wrong, or too few clients came; nothing has been computed.
    """
    agreement = Agreement.read(app / settings.sites) if settings.sites else None
    config, population = _configured(settings, agreement, app)
    with one_thread():
        folder = RunFolder(Path(settings.out).expanduser() if settings.out else unused(RUNS / default_name(config)))
        known = folder.config.exists()
        if known and RunConfig.read(folder.config) != config:
            raise UserError(f"{folder.path} holds another run: choose another out, or delete it")
        name = _name_of(folder) if known else secrets.token_hex(8)
        engine, sites = _engine(config, population, grid, settings, name, app)
        folder = RunFolder.open(folder.path) if known else RunFolder.create(folder.path, config)
        with alone(folder), logged(folder), closing(engine):
            if not known:
                folder.write_json(folder.path / NAME, {"run": sites.run})
            sites.wait(min(settings.min_clients, len(engine.clients)), settings.patience)
            work = Run(config, folder, engine, Lines())
            if known:
                work.restore()
                LOG.info("going on after round %d", work.done)
            else:
                work.start()
            result = work.go()
    if not report:
        return result
    try:
        LOG.info("report: %s", write_report(folder))
    except UserError as error:
        LOG.warning("no report was written: %s", error)
    return result


@contextmanager
def alone(folder: RunFolder) -> Iterator[None]:
    """Nobody else runs what is in a folder.

    Raises:
        UserError: somebody does.
    """
    lock = FileLock(folder.path / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UserError(
            f"{folder.path} is being run already, perhaps by a start whose terminal was closed: flwr list shows it,"
            " flwr stop ends it; or choose another out"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _name_of(folder: RunFolder) -> str:
    return str(folder.read_json(folder.path / NAME)["run"])


def _configured(settings: AppSettings, agreement: Agreement | None, app: Path) -> tuple[RunConfig, Population]:
    options: dict[str, Any] = settings.options()
    method = method_at(settings.method, app)
    if agreement is None:
        config = configured(method, settings.data, **options, **settings.dealing())
        population = population_of(config, config.data.name)
    else:
        held = {"test": settings.test, "proxy": settings.proxy, "labelled": settings.labelled}
        population = agreement.population(settings.data, **held)
        config = configured(method, population, **options)
    # each party has the app in a place of its own
    return config.model_copy(update={"method": settings.method, "given": ()}), population


def _engine(
    config: RunConfig,
    population: Population,
    grid: Grid,
    settings: AppSettings,
    name: str,
    app: Path,
) -> tuple[OverFlower, NodeSites]:
    method = chosen_method(config, find_method(method_at(config.method, app)))
    population, model = assembled(config, method, population, elsewhere=bool(settings.sites))
    check_device(config.device)
    sites = NodeSites(
        grid,
        run=name,
        config=config.toml(),
        roster={client.id: client.modalities for client in population.clients},
        deadline=settings.deadline,
    )
    engine = OverFlower(
        population,
        method,
        model,
        config.train,
        rounds=config.rounds,
        participation=config.participation,
        seed=config.seed,
        device=config.device,
        exchange=config.exchange,
        network=config.network,
        simulate=config.simulate,
        sites=sites,
    )
    sites.max_bytes = engine.max_bytes
    return engine, sites
