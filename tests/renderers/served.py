"""A page served from memory to a real browser, under a strict content security policy."""

import json
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from urllib.parse import parse_qsl

import axe_playwright_python

from renderers.html import STATIC
from tests.patience import MILLISECONDS

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
WIDE, NARROW = 1280, 390


def fields_of(request):
    """What a form posted: urlencoded, or in parts where the form takes files."""
    kind, body = request.headers["content-type"], request.post_data_buffer or b""
    if not kind.startswith("multipart/"):
        return parse_qsl(body.decode(), keep_blank_values=True)
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = [(part.get_param("name", header="content-disposition"), part) for part in message.iter_parts()]
    return [(name, part.get_content().removesuffix("\n")) for name, part in parts if part.get_filename() is None]


class Site:
    """One page under http://site/, served from memory; notes posts and faults."""

    def __init__(self, browser, html, width=WIDE, **options) -> None:
        self.html, self.down = html, False
        self.answer: dict[str, object] = {}
        self.posts: list[tuple[str, list[tuple[str, str]]]] = []
        self.faults: list[str] = []
        self.page = browser.new_context(viewport={"width": width, "height": 900}, **options).new_page()
        self.page.set_default_timeout(MILLISECONDS)
        self.page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.route("**/*", self.serve)
        self.page.add_init_script("addEventListener('submit', () => { globalThis.isSent = true; })")
        self.page.goto("http://site/form")

    def serve(self, route):
        path = route.request.url.split("http://site", 1)[1].split("?")[0]
        headers = {"Content-Security-Policy": "default-src 'self'"}
        if path.startswith("/static/") and (STATIC / path[8:]).is_file():
            file = STATIC / path[8:]
            route.fulfill(body=file.read_bytes(), headers={**headers, "Content-Type": TYPES[file.suffix]})
        elif path == "/lookup":
            found = [{"code": f"T82.{n}", "label": f"Powikłanie {n}"} for n in range(3)]
            route.fulfill(body=json.dumps(found), headers={**headers, "Content-Type": "application/json"})
        elif route.request.method == "POST":
            if self.down:
                route.abort()
                return
            self.posts.append((path, fields_of(route.request)))
            body = json.dumps(self.answer or {"saved": "12:31", "revision": "8"}) if path == "/autosave" else self.html
            kind = "application/json" if path == "/autosave" else "text/html; charset=utf-8"
            route.fulfill(body=body, headers={**headers, "Content-Type": kind})
        else:
            route.fulfill(body=self.html, headers={**headers, "Content-Type": "text/html; charset=utf-8"})

    def violations(self):
        self.page.evaluate(AXE)
        found = self.page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", WCAG)
        return [
            (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"])
            for each in found["violations"]
        ]

    def fits(self):
        return self.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    def focused(self):
        return self.page.evaluate("document.activeElement.id || document.activeElement.name")

    def at(self, name):
        """Wait until the focus is at a control, by its id or its name."""
        self.page.wait_for_function(
            "name => [document.activeElement.id, document.activeElement.name].includes(name)", arg=name
        )

    def is_unsent(self):
        """Whether the form was not sent, nor is about to be: its event comes with the key, the request after it."""
        return not self.page.evaluate("Boolean(globalThis.isSent)") and all(
            path == "/autosave" for path, _ in self.posts
        )

    def sent_by(self, press):
        """Do what sends the form, wait for the page that comes; what was posted."""
        before = len(self.posts)
        with self.page.expect_navigation():
            press()
        assert len(self.posts) == before + 1
        return self.posts[-1]
