"""`ecrf training`: begins the training mode anew, for the operator."""

from __future__ import annotations

import getpass
from contextlib import closing

import click

from engine.errors import DefinitionError
from storage.errors import StorageError
from web.app import create_app
from web.settings import Settings, SettingsError, read_settings
from web.training.mode import TrainingMode


@click.group("training")
def command() -> None:
    """The training mode, whose folder ECRF_TRAINING names. Settings as for `ecrf serve`; the real database is not opened.

    Example: ecrf training reset
    """


@command.command("reset")
@click.option("--hospital", metavar="CODE", help="This hospital alone; the others go on.")
def reset(hospital: str | None) -> None:
    """Begin training anew: everything that was entered in it is gone, and whoever trains comes in again.

    Run it as the user of the application. Exit status: 1 it could not be done, and says why.

    \b
    Examples:
      ecrf training reset
      ecrf training reset --hospital 990000000101
    """  # noqa: D301 -- click keeps the lines of a paragraph that begins with this character
    try:
        with closing(TrainingMode(_settings(), create_app)) as mode:
            if hospital is None:
                mode.begin_anew(getpass.getuser())
            else:
                _renew(mode, hospital)
    except (SettingsError, StorageError, DefinitionError) as fault:
        raise click.ClickException(str(fault)) from None
    click.echo("training begins anew")


def _settings() -> Settings:
    settings = read_settings()
    if settings.training_folder is None:
        raise SettingsError("there is no training mode: set the environment variable ECRF_TRAINING")
    return settings


def _renew(mode: TrainingMode, hospital: str) -> None:
    if not mode.renew_hospital(hospital, getpass.getuser()):
        raise click.ClickException(f"nobody has trained at a hospital {hospital} so far")
