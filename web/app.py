"""Makes the application: settings in, a Flask application out. The only place that wires its parts."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from renderers.html import STATIC
from storage.database import open_database
from storage.keys import read_keys
from storage.upgrading import is_current, upgrade
from web import failures, guard, security
from web.accounts import accounts
from web.audit_search import audit_search
from web.browser_rules import Programs
from web.closings import closings
from web.completeness import complete
from web.days import days
from web.deeds import deeds
from web.doors import doors
from web.episode_links import episode_links
from web.events import events
from web.form_states import form_states
from web.forms import forms
from web.grids import grids
from web.help_centre import help_centre
from web.help_pages import help_pages
from web.help_requests import help_requests
from web.history import history
from web.hospitals import hospitals
from web.known import known
from web.lookup import lookup
from web.manual import load_manual
from web.merging import merging
from web.moving import moving
from web.moving_parts import moving_parts
from web.my_day import my_day
from web.opening import parts
from web.own import own
from web.past import past
from web.patient_states import patient_states
from web.patients import patients
from web.people import people
from web.permissions import needs, undeclared
from web.places import NumberConverter, SubjectConverter
from web.programs import programs
from web.queries import queries
from web.records import records
from web.registries import LANGUAGES, STATIC_URL, load_registries
from web.roles import Permission
from web.settings import Settings
from web.sharing import sharing
from web.statement import statement
from web.training.mode import MODE, TrainingMode
from web.training.page import training
from web.uploads import BoundedRequest
from web.verification import verification
from web.waiting import waiting
from web.wardless import wardless
from web.wards import wards
from web.withdrawals import withdrawals
from web.words import load_tongues
from web.workspace import EXTENSION, Workspace, workspace

ASSETS_URL = "/assets/"
DAY = 86_400

probes = Blueprint("probes", __name__)
assets = Blueprint("assets", __name__, static_folder="static", static_url_path=ASSETS_URL.rstrip("/"))


@probes.get("/healthz")
@needs(Permission.PUBLIC)
def health() -> ResponseReturnValue:
    """Whether the database answers and its tables are current."""
    current = is_current(workspace().database)
    return jsonify(ok=current), 200 if current else 503


PARTS = (
    probes,
    assets,
    audit_search,
    deeds,
    accounts,
    days,
    my_day,
    complete,
    known,
    patients,
    sharing,
    wards,
    wardless,
    parts,
    events,
    records,
    forms,
    history,
    past,
    grids,
    lookup,
    programs,
    queries,
    verification,
    form_states,
    patient_states,
    waiting,
    withdrawals,
    closings,
    moving,
    moving_parts,
    episode_links,
    merging,
    hospitals,
    people,
    own,
    doors,
    help_pages,
    help_requests,
    help_centre,
    statement,
    training,
)


def create_app(settings: Settings) -> Flask:
    # long: a line for each part
    """The application. Brings the tables up to date and publishes the definitions.

    Raises:
        DefinitionError, StorageError: it cannot start; the text says why.
        RuntimeError: a route declares no permission.
    """
    app = Flask("web", static_folder=str(STATIC), static_url_path=STATIC_URL.rstrip("/"))
    app.request_class = BoundedRequest
    security.configure(app, settings)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = DAY if settings.secure_cookies else 0
    app.extensions[EXTENSION] = open_workspace(settings)
    app.url_map.converters["int"] = NumberConverter
    app.url_map.converters["subject"] = SubjectConverter
    guard.install(app)
    CSRFProtect(app)
    failures.install(app)
    for part in PARTS:
        app.register_blueprint(part)
    if settings.training_folder is not None:
        app.extensions[MODE] = TrainingMode(settings, create_app)
        app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {security.TRAINING_PATH: app.extensions[MODE]})  # type: ignore[method-assign]
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]
    missing = undeclared(app)
    if missing:
        raise RuntimeError(f"routes without a permission: {', '.join(missing)}")
    return app


def open_workspace(settings: Settings) -> Workspace:
    """The database and all that is made once."""
    database = open_database(settings.database_url, read_keys(settings.master_key))
    upgrade(database)
    registries = load_registries(database, settings.definitions, at=settings.clock(), cache=settings.cache)
    tongues = load_tongues(LANGUAGES, static_url=STATIC_URL, assets_url=ASSETS_URL)
    manuals = {language: load_manual(language) for language in LANGUAGES}
    return Workspace(settings, database, registries, tongues, Programs(), manuals)


__all__ = ["create_app", "open_workspace"]
