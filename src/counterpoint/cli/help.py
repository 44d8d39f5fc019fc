"""Help texts."""

import inspect

import click
from typer.core import TyperCommand

PROFILE = "--profile"


def example(command: str) -> str:
    """What a help text ends with."""
    return f"Example:\n\n\b\n  {command}"


class Command(TyperCommand):
    """A command with plain help: typer escapes brackets for rich even where rich does not print them."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        super().format_help(ctx, formatter)
        formatter.buffer = [part.replace("\\[", "[") for part in formatter.buffer]


class CompareCommand(Command):
    """Takes several values after an option: `--data watch emoji`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        from counterpoint.cli.compare import spread

        return super().parse_args(ctx, spread(args))


class RunCommand(Command):
    """Fills the defaults of `runs.run` into the help, and only there: reading them imports torch.

    Its `--profile` may stand alone, or have a name after it.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        following = [*args[1:], "-"][: len(args)]
        given = [
            f"{word}=" if word == PROFILE and after.startswith("-") else word
            for word, after in zip(args, following, strict=True)
        ]
        try:
            return super().parse_args(ctx, list(given))
        except click.MissingParameter as error:
            if PROFILE not in given or error.param is None or error.param.name != "method":
                raise
            name = given[given.index(PROFILE) + 1]
            raise click.UsageError(
                f"no METHOD is left: --profile took {name!r} for the name of a profile; name the METHOD before it, as "
                f"in 'counterpoint run {name} --profile'",
                ctx,
            ) from error

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        from counterpoint import runs

        defaults = {name: p.default for name, p in inspect.signature(runs.run).parameters.items()}
        for option in self.params:
            if option.name in defaults and not option.required:
                option.default = defaults[option.name]
        super().format_help(ctx, formatter)
