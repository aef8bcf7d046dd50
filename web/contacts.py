"""Whom people may ask, as the definitions of registries say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.model.text import in_language
from web.workspace import workspace


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to turn to, in words."""

    role: str
    about: str  # technical, substantive; '' both
    email: str
    phone: str
    hours: str
    note: str


@dataclass(frozen=True, slots=True)
class Contacts:
    """Those of a registry, and what it says before one asks."""

    registry: str
    title: str
    help: str
    contacts: tuple[Contact, ...]


def contacts_of(registries: Iterable[str], language: str) -> tuple[Contacts, ...]:
    """The contacts of registries, as far as they name any."""
    current = workspace().registries.current
    models = [current[name].registry.model for name in registries]
    return tuple(
        Contacts(
            model.registry, in_language(model.title, language) or model.registry,
            in_language(model.texts.get("help", {}), language),
            tuple(
                Contact(
                    in_language(each.role, language), each.about, each.email, each.phone, in_language(each.hours, language),
                    in_language(each.note, language),
                )
                for each in model.contacts
            ),
        )
        for model in models
        if model.contacts or "help" in model.texts
    )  # fmt: skip


__all__ = ["Contact", "Contacts", "contacts_of"]
