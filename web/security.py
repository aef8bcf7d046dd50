"""Headers of every answer, cookies, and whether a post comes from our own pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from flask import Flask, Request, Response

from web.settings import Settings

MOST_BYTES = 12_000_000  # of a request; the reader of forms has a limit of its own, with a message
COOKIE_LIFE = timedelta(hours=24)  # of the signed cookie; how long one stays signed in is decided in the database

TRAINING_PATH = "/training"  # below it the addresses of the application come once more, for training
ENTRANCE = "/training-mode"  # the page of the real system that leads there

POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)


def configure(app: Flask, settings: Settings) -> None:
    """Cookies, limits and headers."""
    app.config.update(
        SECRET_KEY=settings.secret,
        SESSION_COOKIE_NAME=cookie_name(settings),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_PATH=TRAINING_PATH if settings.training else "/",
        PERMANENT_SESSION_LIFETIME=COOKIE_LIFE,
        SESSION_REFRESH_EACH_REQUEST=False,  # an answer under way would bring back the cookie from before a sign-in
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the cookie
        WTF_CSRF_SSL_STRICT=False,  # the policy is Referrer-Policy: same-origin; SameSite and the token decide
    )
    app.after_request(_add_headers(settings))


def cookie_name(settings: Settings, *, training: bool = False) -> str:
    """The name of the cookie; that of the training mode is another one, and comes only with requests to it."""
    if settings.training or training:
        return "__Secure-ecrf-training" if settings.secure_cookies else "ecrf-training"
    return "__Host-ecrf" if settings.secure_cookies else "ecrf"


def forget_training(answer: Response, settings: Settings) -> None:
    """Whoever leaves the real system leaves the training mode too."""
    if settings.training_folder is not None:
        name = cookie_name(settings, training=True)
        answer.delete_cookie(name, path=TRAINING_PATH, secure=settings.secure_cookies, httponly=True, samesite="Lax")


def _add_headers(settings: Settings) -> Callable[[Response], Response]:
    def add(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if settings.secure_cookies:
            answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if "Cache-Control" not in answer.headers:
            answer.headers["Cache-Control"] = "no-store"  # pages hold patients' data
        return answer

    return add


def is_own_post(request: Request) -> bool:
    """Whether a browser says that the post comes from our own pages. Browsers always say so of a cross-site post."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def safe_next(target: str | None, fallback: str) -> str:
    """A path of our own to go on to, never another site."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return fallback
    if any(character in target for character in "\\\r\n\t") or not target.isprintable():
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc else target


__all__ = [
    "ENTRANCE",
    "HEADERS",
    "MOST_BYTES",
    "POLICY",
    "TRAINING_PATH",
    "configure",
    "forget_training",
    "is_own_post",
    "safe_next",
]
