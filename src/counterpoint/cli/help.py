"""Help texts."""

import inspect

import click
from typer.core import TyperCommand


def example(command: str) -> str:
    """What a help text ends with."""
    return f"Example:\n\n\b\n  {command}"


class Command(TyperCommand):
    """A command with plain help: typer escapes brackets for rich even where rich does not print them."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        super().format_help(ctx, formatter)
        formatter.buffer = [part.replace("\\[", "[") for part in formatter.buffer]


class RunCommand(Command):
    """Fills the defaults of `runs.run` into the help, and only there: reading them imports torch."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        from counterpoint import runs

        defaults = {name: p.default for name, p in inspect.signature(runs.run).parameters.items()}
        for option in self.params:
            if option.name in defaults and not option.required:
                option.default = defaults[option.name]
        super().format_help(ctx, formatter)
