"""django-eav2 on the same PostgreSQL, configured here alone."""

# ruff: noqa: PLC0415 - Django's modules can be imported only when it is configured

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any


class DjangoEav:
    """One model with the attributes of a form; saves and loads one entity."""

    def __init__(self, socket_folder: Path, database: str, values: Mapping[str, Any]) -> None:
        import django
        from django.conf import settings

        settings.configure(
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.sites", "eav"],
            DATABASES={
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "NAME": database,
                    "USER": "postgres",
                    "HOST": str(socket_folder),
                }
            },
            USE_TZ=True,
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            EAV2_PRIMARY_KEY_FIELD="django.db.models.BigAutoField",
            SITE_ID=1,
        )
        django.setup()
        import eav
        from django.core.management import call_command
        from django.db import connection, models
        from eav.models import Attribute

        class Visit(models.Model):  # type: ignore[misc]  # noqa: DJ008 - never shown
            class Meta:
                app_label = "measured"

        call_command("migrate", verbosity=0, interactive=False)
        with connection.schema_editor() as editor:
            editor.create_model(Visit)
        eav.register(Visit)
        for name, value in values.items():
            Attribute.objects.create(name=name, slug=name, datatype=_datatype(value))
        self._model = Visit
        self._values = {name: float(v) if isinstance(v, Decimal) else v for name, v in values.items()}

    def save(self) -> int:
        """A new entity with all values, in one transaction."""
        from django.db import transaction

        with transaction.atomic():
            visit = self._model()
            for name, value in self._values.items():
                setattr(visit.eav, name, value)
            visit.save()
        return int(visit.pk)

    def load(self, key: int) -> dict[str, Any]:
        """All values of an entity."""
        values: dict[str, Any] = self._model.objects.get(pk=key).eav.get_values_dict()
        return values


def _datatype(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case Decimal():
            return "float"
        case date():
            return "date"
        case _:
            return "text"
