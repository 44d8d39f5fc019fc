"""What is missing or unsafe in an app, told before anything is started."""

from counterpoint.deploy.checks.check import check
from counterpoint.deploy.checks.finding import Finding, Level

__all__ = ["Finding", "Level", "check"]
