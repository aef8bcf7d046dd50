"""The made-up patients of a hospital in training: few, each somewhere else on the way, and the same again after a beginning anew."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

from engine.datatypes.local_time import to_local
from engine.model.form import CheckSeverity
from engine.synthesis import Unsatisfiable, make_subject
from storage.access import Actor
from storage.accounts import Site
from storage.database import open_database
from storage.hospitals import Change, add_participation
from web.stages import Stage, load_stage, plan_of
from web.synthetic import Target
from web.workspace import Workspace

SEED = 20260301
WHO = "training"  # in the audit, for what training makes by itself
LONG_AGO = timedelta(days=400)  # before the first patient
STAGES = (
    Stage(200),
    Stage(60, severity=CheckSeverity.WARNING),
    Stage(33, 0.6, draft=True),
    Stage(20, severity=CheckSeverity.ERROR),
    Stage(9, 0.5),
    Stage(3, 0.2),
)


def add_hospital(space: Workspace, site: Site, registry: str, maker: int, at: datetime) -> int:
    """A hospital takes part in a registry, with patients whom nobody has met; returns how many.

    Args:
        maker: the account in whose name they are entered.
    """
    version = space.registries.current[registry]
    plan = plan_of(version.registry, space.settings)
    since = to_local(at - LONG_AGO).date()  # first of all, so that nobody makes the same patients once more
    part = add_participation(space.database, site.id, registry, since, Change(WHO, at, channel="admin"))
    # Of its own, so that commits need not wait for the disk.
    with closing(open_database(space.settings.database_url, space.database.keys, connections=1, made_up=True)) as quick:
        actor = Actor(maker, "Szkolenie", registry, site.id, "entry")
        target, made = Target(quick, version.registry, version.rules, version.prefix, actor, at), 0
        for number, stage in enumerate(STAGES, part * len(STAGES)):
            try:
                load_stage(target, make_subject(plan, SEED, number, at, stage.wanted(site.code)), stage)
            except Unsatisfiable:
                if not made:  # nobody waits for a registry whose patients cannot be made up without a distribution
                    break
            made += 1
    return made


__all__ = ["STAGES", "WHO", "add_hospital"]
