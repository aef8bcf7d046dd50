"""The command `ecrf`: one module a family of commands, gathered here."""

from __future__ import annotations

from importlib import import_module

import click

from cli import check, evaluate, summary

# Their modules load the pages or the whole web application, which other commands start without.
HEAVY = {
    "audit": "cli.audit",
    "data": "cli.data",
    "db": "cli.db",
    "demo": "cli.demo",
    "export": "cli.exchange:export_command",
    "hospitals": "cli.hospitals",
    "import": "cli.exchange:import_command",
    "mail": "cli.mail",
    "render": "cli.render",
    "serve": "cli.serve",
    "synth": "cli.synth",
    "training": "cli.training",
    "users": "cli.users",
}


class Commands(click.Group):
    """A group that imports the modules of its heavy commands when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *HEAVY})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by name."""
        if cmd_name in HEAVY:
            module, _, name = HEAVY[cmd_name].partition(":")
            found = getattr(import_module(module), name or "command")
            assert isinstance(found, click.Command)
            return found
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecrf")
def main() -> None:
    """Metadata-driven electronic case report forms: one YAML file is one registry."""


for command in (check.command, evaluate.command, summary.command):
    main.add_command(command)
