"""The server side of an app: a run whose clients are at nodes."""

import logging
import secrets
from contextlib import closing
from pathlib import Path
from typing import Any

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from counterpoint.data.population import Population
from counterpoint.deploy.agreement import Agreement
from counterpoint.deploy.lines import Lines
from counterpoint.deploy.settings import AppSettings
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
NAME = "flower.json"


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
        engine, sites = _engine(config, population, grid, settings, None if not known else _name_of(folder), agreement)
        folder = RunFolder.open(folder.path) if known else RunFolder.create(folder.path, config)
        with logged(folder), closing(engine):
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


def _name_of(folder: RunFolder) -> str:
    return str(folder.read_json(folder.path / NAME)["run"])


def _configured(settings: AppSettings, agreement: Agreement | None, app: Path) -> tuple[RunConfig, Population]:
    options: dict[str, Any] = settings.options(app)
    method = options.pop("method")
    if agreement is None:
        config = configured(method, settings.data, **options, **settings.dealing())
        return config, population_of(config, config.data.name)
    population = agreement.population(
        settings.data, test=settings.test, proxy=settings.proxy, labelled=settings.labelled
    )
    return configured(method, population, **options), population


def _engine(
    config: RunConfig,
    population: Population,
    grid: Grid,
    settings: AppSettings,
    name: str | None,
    agreement: Agreement | None,
) -> tuple[OverFlower, NodeSites]:
    method = chosen_method(config, find_method(config.method))
    population, model = assembled(config, method, population, elsewhere=agreement is not None)
    check_device(config.device)
    sites = NodeSites(
        grid,
        run=name or secrets.token_hex(8),
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
