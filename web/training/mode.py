"""The training mode as the real system holds it: served below its prefix, made when somebody first comes, begun anew.

The real system reaches into it to let people in. It holds nothing of the real system but the settings that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response
from flask.sessions import SecureCookieSession
from werkzeug.utils import redirect

from storage.dictionaries import copy_dictionaries
from web.security import ENTRANCE
from web.settings import Settings
from web.training.folder import TrainingFolder
from web.training.patients import WHO
from web.training.people import Trainee, let_in, note_beginning, retire_hospital
from web.workspace import EXTENSION, Workspace

if TYPE_CHECKING:  # names of types alone
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from storage.database import Database

MODE = "ecrf-training"


class TrainingMode:
    """A second application that is made when it is first asked for, in each process, and again when training begins anew."""

    def __init__(self, settings: Settings, make_app: Callable[[Settings], Flask]) -> None:
        assert settings.training_folder is not None
        self._real, self._make_app = settings, make_app
        self._folder = TrainingFolder(settings.training_folder)
        self._serving: tuple[Path, Flask] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request below the prefix; while there is no training, lead to where it begins."""
        app = self.application
        if app is None:
            return redirect(ENTRANCE, 303)(environ, start_response)
        return app.wsgi_app(environ, start_response)

    def enter(self, trainee: Trainee, dictionaries: Database, answer: Response) -> None:
        """Let somebody in: the answer gets the cookie of the training."""
        with self._folder.locked():
            app = self._app() or self._anew()
            space, now = space_of(app), self._real.clock()
            copy_dictionaries(dictionaries, space.database, who=WHO, at=now)
            token = let_in(space, trainee, now)
        cookie = SecureCookieSession()
        cookie.update(token=token, language=trainee.language)
        cookie.permanent = True
        app.session_interface.save_session(app, cookie, answer)

    def begin_anew(self, who: str) -> None:
        """Leave behind everything that was entered; the new audit says who wanted it."""
        with self._folder.locked():
            note_beginning(space_of(self._anew()).database, who, self._real.clock())

    def renew_hospital(self, code: str, who: str) -> bool:
        """Leave behind what was entered at a hospital; whether anything was."""
        with self._folder.locked():
            app = self._app()
            return app is not None and retire_hospital(space_of(app).database, code, who, self._real.clock())

    def close(self) -> None:
        """Close the connections."""
        if self._serving is not None:
            space_of(self._serving[1]).database.close()

    @property
    def application(self) -> Flask | None:
        """The application on the database that counts; who finds it served waits for nobody."""
        database, serving = self._folder.current, self._serving
        if database is None:
            return None
        if serving is not None and serving[0] == database:
            return serving[1]
        with self._folder.locked():
            return self._app()

    def _app(self) -> Flask | None:
        database, serving = self._folder.current, self._serving
        if serving is not None and serving[0] == database:
            return serving[1]
        return self._serve(database) if database is not None else None

    def _anew(self) -> Flask:
        """The application on one more database."""
        database = self._folder.next()
        app = self._serve(database)
        self._folder.put(database)
        return app

    def _serve(self, database: Path) -> Flask:
        app = self._make_app(self._folder.settings(self._real, database))
        self.close()
        self._serving = database, app
        return app


def space_of(app: Flask) -> Workspace:
    """What the training application works with."""
    found = app.extensions[EXTENSION]
    assert isinstance(found, Workspace)
    return found


__all__ = ["MODE", "TrainingMode", "space_of"]
