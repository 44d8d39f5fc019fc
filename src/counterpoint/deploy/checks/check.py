"""All looks at an app, for the link or for a site."""

import tomllib
from functools import partial
from pathlib import Path

from counterpoint.deploy.agreement import Agreement
from counterpoint.deploy.checks.app import agreement_of, look_at_agreement, look_at_app, look_at_method
from counterpoint.deploy.checks.data import look_at_data
from counterpoint.deploy.checks.finding import Finding, Level, looked
from counterpoint.deploy.checks.keys import look_at_certificates, look_at_keys
from counterpoint.deploy.checks.place import look_at_address, look_at_disk, look_at_flower, look_at_programs
from counterpoint.deploy.settings import AppSettings
from counterpoint.errors import UserError


def check(folder: Path, *, site: int | None = None, data: str = "") -> list[Finding]:
    """Look at an app; nothing is started and nothing is changed.

    Args:
        folder: of the app.
        site: number of the site that the folder is at; at the link where None.
        data: what the site's node would be given as its data.

    Returns:
        What was found, topic by topic.

    Raises:
        UserError: the folder holds no app.
    """
    settings = settings_of(folder)
    found = looked("flower", look_at_flower)
    found += looked("agreement", partial(look_at_agreement, folder, settings, site))
    agreement = _readable(folder, settings)
    count = 0 if agreement is None else len(agreement.sites)
    found += looked("app", partial(look_at_app, folder))
    if site is None and agreement is not None:
        found += looked("method", partial(look_at_method, folder, settings, agreement))
    found += looked("keys", partial(look_at_keys, folder, site, count))
    found += looked("certificates", partial(look_at_certificates, folder, site))
    found += looked("address", partial(look_at_address, folder, site, count))
    found += looked("programs", partial(look_at_programs, site))
    found += looked("disk", partial(look_at_disk, folder, settings, site))
    if site is not None and agreement is not None and site in agreement.sites:
        found += looked("data", partial(look_at_data, folder, agreement, site, data))
    return sorted(found, key=lambda finding: list(Level)[::-1].index(finding.level))


def settings_of(folder: Path) -> AppSettings:
    """The settings that an app has.

    Raises:
        UserError: it is no app, or one of them is wrong.
    """
    file = folder / "pyproject.toml"
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))["tool"]["flwr"]["app"]["config"]
    except OSError as error:
        raise UserError(
            f"{folder} holds no app, cannot read {file}: write one with counterpoint deploy init"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not valid TOML: {error}") from error
    except (KeyError, TypeError) as error:
        raise UserError(f"{file} has no [tool.flwr.app.config]: write an app with counterpoint deploy init") from error
    return AppSettings.of(told)


def _readable(folder: Path, settings: AppSettings) -> Agreement | None:
    """The agreement, if there is one; what is wrong with it is told elsewhere."""
    try:
        return agreement_of(folder, settings)
    except UserError:
        return None
