"""The command `ecrf`: one module a family of commands, gathered here."""

from __future__ import annotations

import click

from cli import check, demo, evaluate, render, serve, users


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecrf")
def main() -> None:
    """Metadata-driven electronic case report forms: one YAML file is one registry."""


for command in (check.command, evaluate.command, render.command, serve.command, demo.command, users.command):
    main.add_command(command)
