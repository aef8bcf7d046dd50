"""The command `ecrf`: one module a family of commands, gathered here."""

from __future__ import annotations

import click

from cli import check, evaluate, render


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecrf")
def main() -> None:
    """Metadata-driven electronic case report forms: one YAML file is one registry."""


for command in (check.command, evaluate.command, render.command):
    main.add_command(command)
