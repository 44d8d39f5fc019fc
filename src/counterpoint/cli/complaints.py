"""A user's mistake as one sentence on one line, whoever noticed it."""

import click

from counterpoint.errors import UserError, unknown


def sentence(error: click.ClickException | UserError) -> str:
    """What is wrong and what to do, without a line break."""
    text = str(error) if isinstance(error, UserError) else _of_click(error)
    return " ".join(text.split())


def _of_click(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption) and context is not None:
        options = [name for p in context.command.get_params(context) for name in p.opts if name.startswith("--")]
        return str(unknown("option", error.option_name, options))
    if context is not None and isinstance(context.command, click.Group) and (name := _wrong_command(error)):
        return str(unknown("command", f"{context.command_path} {name}", _commands(context, context.command)))
    text = error.format_message().rstrip(".")
    text = f"{text[0].lower()}{text[1:]}"
    return f"{text}: see '{context.command_path} --help'" if context is not None else text


def _wrong_command(error: click.ClickException) -> str:
    """The command that does not exist; empty where that is not what is wrong."""
    _, found, name = error.message.partition("No such command '")
    return name.partition("'")[0] if found else ""


def _commands(context: click.Context, group: click.Group) -> list[str]:
    return [f"{context.command_path} {name}" for name in group.list_commands(context)]
