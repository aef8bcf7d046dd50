"""A browser without scripts, as tests use it: it reads the forms of a page and posts them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from itertools import count
from urllib.parse import urlencode

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import Client, TestResponse, encode_multipart

from engine.datatypes.identifiers import make_pesel

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"
_LINK = re.compile(r'href="(/[^"#]*)[^"]*"')
_SPOT = re.compile(r"/forms/0\.(\w+)[^/]*")


class Fields(HTMLParser):
    """The fields that a browser would post, and where to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[tuple[str, str]]]] = []
        self._select: tuple[str, str | None, bool] | None = None
        self._area: str | None = None
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("method") == "post"
            if self._inside:
                self.forms.append((given.get("action", ""), []))
        name = given.get("name", "")
        if not self._inside or not name or tag == "button":
            if tag == "option" and self._select and self._inside:
                self._option(given)
            return
        if tag == "input" and (given.get("type") not in ("radio", "checkbox", "file") or "checked" in given):
            self.forms[-1][1].append((name, given.get("value", "on")))
        elif tag == "select":
            self._select = (name, None, False)
        elif tag == "textarea":
            self._area = name
            self.forms[-1][1].append((name, ""))

    def _option(self, given: dict[str, str]) -> None:
        assert self._select is not None
        name, value, chosen = self._select
        if value is None or ("selected" in given and not chosen):
            self._select = (name, given.get("value", ""), "selected" in given)

    def handle_data(self, data: str) -> None:
        if self._area:
            name, before = self.forms[-1][1].pop()
            self.forms[-1][1].append((name, (before + data).removeprefix("\n") if not before else before + data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "textarea":
            self._area = None
        if tag == "select" and self._select:
            name, value, _ = self._select
            if value is not None:
                self.forms[-1][1].append((name, value))
            self._select = None


@dataclass
class Browser:
    """A client without scripts."""

    client: Client
    page: TestResponse | None = None
    address: str = "/"

    @property
    def text(self) -> str:
        assert self.page is not None
        return self.page.get_data(as_text=True)

    @property
    def status(self) -> int:
        assert self.page is not None
        return self.page.status_code

    def get(self, address: str, **headers: str) -> "Browser":
        return self._arrive(self.client.get(address, headers=headers))

    def _arrive(self, answer: TestResponse) -> "Browser":
        while answer.status_code in (301, 302, 303):
            answer = self.client.get(answer.headers["Location"])
        self.page, self.address = answer, answer.request.script_root + answer.request.full_path.rstrip("?")
        return self

    def forms(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What the page could post: addresses and fields."""
        return Fields(self.text).forms

    def crawl(self, start: str = "/") -> Iterator[str]:
        """Follow each link of all pages, addresses of the same kind once; gives each address while its page is open."""
        waiting, known = [start], {start}
        while waiting:
            address = waiting.pop()
            self.get(address)
            text = self.text if self.page is not None and self.page.mimetype == "text/html" else ""
            yield address
            for link in _LINK.findall(text):
                path, _, query = unescape(link).partition("?")
                place = _SPOT.sub(r"/forms/\1", re.sub("[0-9]+", "0", path))  # one page a form
                kind = f"{place}?{'&'.join(sorted(part.partition('=')[0] for part in query.split('&')))}".rstrip("?")
                if kind not in known and not path.startswith(("/static/", "/assets/", "/sign-")):
                    known.add(kind)
                    waiting.append(unescape(link))

    def fields(self, part: str = "") -> tuple[str, list[tuple[str, str]]]:
        """The form whose address ends with a text, or holds it: its address and its fields."""
        forms = [form for form in self.forms() if part in form[0]]
        return next((form for form in forms if form[0].endswith(part)), forms[0])

    def post(
        self,
        values: dict[str, object] | None = None,
        part: str = "",
        *,
        follow: bool = True,
        to: str = "",
        files: dict[str, tuple[str, bytes]] | None = None,
        **headers: str,
    ) -> "Browser":
        """Post a form of the page with some fields changed; a list gives several, None leaves one out."""
        address, pairs = self.fields(part)
        for name, value in (values or {}).items():
            pairs = [pair for pair in pairs if pair[0] != name]
            several = value if isinstance(value, list) else [] if value is None else [value]
            pairs += [(name, str(each)) for each in several]
        kind, body = "application/x-www-form-urlencoded", urlencode(pairs).encode()
        if files is not None:
            kind, body = in_parts(pairs, files)
        answer = self.client.post(to or address, data=body, content_type=kind, headers=headers)
        if follow:
            return self._arrive(answer)
        self.page = answer
        return self

    def draft(self, values: dict[str, str], page: tuple[str, list[tuple[str, str]]] | None = None) -> TestResponse:
        """What the page's script sends while one types; `page` is an older one's address and fields."""
        address, fields = page or self.fields("forms")
        body = [*(pair for pair in fields if pair[0] not in values), *values.items(), ("__do", "autosave")]
        return self.client.post(
            f"{address}/draft", data=urlencode(body), content_type="application/x-www-form-urlencoded",
            headers={"X-Requested-With": "fetch", "Accept": "application/json"},
        )  # fmt: skip

    def add_lead(self, **values: str) -> "tuple[Browser, str]":
        """A new row of leads, saved; the page, and the row's id."""
        self.post({"__do": "add:leads"}, "forms")
        names = [name for name, _ in self.fields("forms")[1]]
        row = next(name for name in reversed(names) if name.startswith("leads.") and name.endswith("lead_no")).split(
            "."
        )[1]
        named = {f"leads.{row}.{name}": value for name, value in values.items()}
        return self.post({**named, "__do": "save"}, "forms"), row

    def sign_in(self, login: str, password: str = PASSWORD, target: str = "") -> "Browser":
        self.get(f"/sign-in?next={target}" if target else "/sign-in")
        return self.post({"login": login, "password": password}, "sign-in")

    def search(self, text: str) -> "Browser":
        """Look for a patient on the list's page."""
        return self.get(f"/{REGISTRY}/patients").post({"q": text}, "/search")

    def register(self, **person: object) -> str:
        """A new patient through the pages; returns the pseudonym."""
        self.get(f"/{REGISTRY}/patients").post({}, "/patients")
        who = self.address.split("/")[3]
        self.post({**new_person(), **person, "__do": "complete"}, "forms")
        assert "done=" in self.address, self.text
        return who

    def open(self, who: str, form: str, event: str = "") -> "Browser":
        """The page of a form, found on the patient's page."""
        self.get(f"/{REGISTRY}/patients/{who}")
        ending = rf"/forms/\d+\.{form}" + (rf"\.{event}\.1" if event else "")
        found = re.search(rf'href="([^"]*{ending})"', self.text)
        assert found is not None, f"no {form} for {who}"
        return self.get(found[1])

    def value(self, name: str) -> str:
        """What a field of the form holds."""
        return next((value for field, value in reversed(self.fields("forms")[1]) if field == name), "")


def found_in(text: str, pattern: str) -> str:
    """The first group of a pattern that a text must have."""
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1]


def in_parts(pairs: list[tuple[str, str]], files: dict[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    """A post with files: its content type and its body."""
    sent = [(name, FileStorage(BytesIO(content), file)) for name, (file, content) in files.items()]
    boundary, body = encode_multipart(MultiDict([*pairs, *sent]))
    return f"multipart/form-data; boundary={boundary}", body


_SERIES = count(100)


def new_person() -> dict[str, str]:
    """What the patient form asks, of a person that no test met before."""
    pesel = make_pesel(date(1949, 3, 2), female=False, series=next(_SERIES))
    return {
        "pat_id_type": "pesel", "pesel": pesel, "last_name": "Przykładowy", "first_names": "Jan Adam", "sex": "m",
        "birth_date__d": "2", "birth_date__m": "3", "birth_date__y": "1949", "nfz_branch": "07",
        "info_clause_date__d": "10", "info_clause_date__m": "3", "info_clause_date__y": "2025",
    }  # fmt: skip
