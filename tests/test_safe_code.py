"""What the program's text must not hold, because something that was typed could turn it into something else."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.test_architecture import PACKAGES, ROOT, files_of_the_project, modules

# The vendored library is a parser of its own; our scripts are the rest.
SCRIPTS = [
    path
    for path in files_of_the_project()
    if path.suffix == ".js" and path.relative_to(ROOT).parts[0] in PACKAGES and "vendor" not in path.parts
]
TEMPLATES = [
    path for path in files_of_the_project() if path.suffix == ".html" and path.relative_to(ROOT).parts[0] in PACKAGES
]


@cache
def nodes(text: str) -> tuple[ast.AST, ...]:
    """All that stands in a module."""
    return tuple(ast.walk(ast.parse(text)))


def calls(*folders: str) -> Iterator[tuple[str, str, ast.Call]]:
    """Where something is called, its dotted name, and the call."""
    for place, text in modules(*folders):
        for node in nodes(text):
            if isinstance(node, ast.Call):
                yield f"{place}:{node.lineno}", ast.unparse(node.func), node


def imports(*folders: str) -> Iterator[tuple[str, str]]:
    """File and full name of everything that is imported."""
    for place, text in modules(*folders):
        for node in nodes(text):
            if isinstance(node, ast.Import):
                yield from ((place, each.name) for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((place, f"{node.module}.{each.name}") for each in node.names)


def imported(*names: str) -> set[tuple[str, str]]:
    """Who of the product imports one of the modules, or something of it."""
    return {
        (place, name) for place, name in imports(*PACKAGES) for wanted in names if f"{name}.".startswith(f"{wanted}.")
    }


# Text that is run

# What of SQL is not plain text of the program; each is made of names that stand in the program.
SQL_OF_NAMES = {
    "storage/cell_tables.py": "two statements of the program, joined",
    "storage/roles.py": "names of tables and rights of the program, and a role that a pattern has judged",
}
SQL = ("exec_driver_sql", "text", "literal_column", "DDL")


def test_statements_hold_no_values():
    """Values go to the database as parameters: no statement is put together where it is sent."""
    made = {
        place.partition(":")[0]
        for place, name, call in calls("storage", "web", "cli")
        if name.rpartition(".")[2] in SQL and "words" not in name and "/migrations/" not in place
        if call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    }  # fmt: skip
    assert made == set(SQL_OF_NAMES)


def test_patterns_of_the_database_are_escaped():
    """A searched word with % or _ in it means these signs: parts of words are found by methods that escape them."""
    loose = []
    for place, name, call in calls("storage"):
        method = name.rpartition(".")[2]
        if method in ("like", "ilike", "regexp_match", "op"):
            loose.append(place)
        of_column = method in ("contains", "startswith", "endswith") and re.search(r"\.c\.\w+\.\w+$", name)
        if of_column and not any(each.arg == "autoescape" for each in call.keywords):
            loose.append(place)
    assert loose == []


def test_patterns_are_not_made_of_what_was_typed():
    """Patterns are texts of the program, or of a definition: those were judged when it was read."""
    of_definitions = {
        "engine/datatypes/text.py",
        "engine/datatypes/patterns.py",
        "engine/synthesis/texts.py",
        "engine/expressions/texts.py",
    }
    of_program = {
        "storage/desks.py": "literals that are escaped",
        "exchange/fhir/wording.py": "of a form; whether it can be compiled is all that is asked",
        "exchange/odm/expressions.py": "a table of signs, escaped",
        "exchange/redcap/dates.py": "a table of orders, by their names",
        "exchange/xlsform/choices.py": "the name of a column, escaped",
        "exchange/xlsform/columns.py": "one of two",
        "web/finding.py": "the prefix of a registry: letters",
        "web/passwords.py": "words that are escaped",
        "engine/datatypes/codes.py": "a table of shapes, by their names",
    }
    made = set()
    for place, name, call in calls(*PACKAGES):
        if not name.startswith("re.") or name == "re.escape" or not call.args:
            continue
        free = {part.id for part in ast.walk(call.args[0]) if isinstance(part, ast.Name) and not part.id.isupper()}
        if free:
            made.add(place.partition(":")[0])
    assert made <= of_definitions | set(of_program), made


def test_no_commands_of_the_system_are_run():
    """The one that runs anything fetches the library of the pages for its maintainers, by a name from its lock."""
    assert {place for place, _ in imported("subprocess", "pty", "os.system", "os.popen")} == {
        "renderers/html/vendoring.py"
    }
    assert not [place for place, name, _ in calls(*PACKAGES) if re.match(r"os\.(system|popen|exec|spawn)", name)]


def test_what_is_read_back_makes_no_objects():
    assert imported("pickle", "marshal", "shelve", "dill", "jsonpickle", "copyreg") == set()
    assert {name for _, name, _ in calls(*PACKAGES) if name.startswith("yaml.")} <= {"yaml.compose", "yaml.safe_load"}


def test_templates_are_files():
    made = [
        place for place, name, _ in calls("web") if re.search(r"render_template_string|from_string|Template$", name)
    ]
    assert made == []
    elsewhere = {place.partition(":")[0] for place, name, _ in calls("renderers") if name.endswith("from_string")}
    assert elsewhere <= {
        "renderers/html/segments.py"
    }  # the pages of a registry, made of its definition when it is published


# A text of the program, which is written in capitals, one of a table of such texts, or a piece of a page that stands there.
OUR_TEXT = re.compile(r"(?:[\w.]*\.)?_?[A-Z][A-Z_]*(?:\[.*\]|\.get\(.*\))?|Markup\('[^']*'\)")


def test_texts_with_gaps_are_texts_of_the_program():
    """`format` on something that was typed would let it ask for attributes."""
    made = [
        (place, ast.unparse(call.func.value))
        for place, name, call in calls("storage", "web", "cli")
        if name.endswith((".format", ".format_map")) and isinstance(call.func, ast.Attribute)
        if not isinstance(call.func.value, ast.Constant) and "/migrations/" not in place
    ]
    assert [each for each in made if not OUR_TEXT.fullmatch(each[1])] == []


# Cryptography


def test_cryptography_comes_from_proven_libraries():
    assert {name.partition(".")[0] for _, name in imports(*PACKAGES)} & {
        "Crypto", "Cryptodome", "nacl", "rsa", "pyaes", "jwt", "itsdangerous", "bcrypt", "crypt", "ssl", "OpenSSL",
        "hashlib", "hmac", "secrets", "argon2", "cryptography",
    } == {"hashlib", "hmac", "secrets", "argon2", "cryptography", "ssl"}  # fmt: skip


def test_ciphers_are_aes_gcm_alone():
    assert {name.rpartition(".")[2] for _, name in imported("cryptography")} == {"AESGCM", "SHA256", "HKDF"}


def test_hashes_are_sha_256_and_sha_1_in_codes_alone():
    """RFC 6238 wants HMAC-SHA-1 of authenticators, where collisions do not matter; lists of leaked passwords are published by SHA-1."""
    used = {
        (place if name == "sha1" else "", name)
        for place, text in modules(*PACKAGES)
        for name in re.findall(r"\bhashlib\.(\w+)", text)
    }
    assert used == {("", "sha256"), ("storage/second_factor.py", "sha1"), ("web/passwords.py", "sha1")}


def test_what_nobody_may_guess_is_not_drawn_by_the_weak_generator():
    """`random` draws made-up patients alone."""
    places = {place.rpartition("/")[0] for place, _ in imported("random")}
    assert places <= {"engine/synthesis", "engine/datatypes", "web/demo"}


# Scripts and pages in the browser

RUN = re.compile(
    r"\beval\(|new Function\b|document\.write|insertAdjacentHTML|outerHTML|javascript:|set(?:Timeout|Interval)\(\s*['\"]"
)
OLD = re.compile(
    r"<(?:object|embed|applet|frame|frameset|iframe|marquee)\b|ActiveXObject|x-shockwave|document\.domain",
    re.IGNORECASE,
)
KEPT = re.compile(r"\b(?:localStorage|indexedDB|openDatabase|caches\.open)\b|document\.cookie *=[^;]*")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_show_text_as_text(script: Path):
    text = script.read_text("utf-8")
    assert RUN.findall(text) == []
    # A drawer shows pages of our own server, which escaped what was typed; all else is set as text.
    assert text.count("innerHTML") == (1 if script.name == "drawer.js" else 0)


def test_the_drawer_asks_its_own_server_alone():
    """What it shows as a page comes from an address of ours: the policy lets scripts reach no other."""
    from web.security import POLICY

    assert "default-src 'self'" in POLICY
    assert "connect-src" not in POLICY
    assert "script-src" not in POLICY


@pytest.mark.parametrize("file", [*SCRIPTS, *TEMPLATES], ids=lambda path: path.name)
def test_nothing_outdated_runs_in_the_browser(file: Path):
    assert OLD.findall(file.read_text("utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_keep_nothing_in_the_browser_but_where_one_was(script: Path):
    text = script.read_text("utf-8")
    others = [kept for kept in KEPT.findall(text) if "`ecrf_keys=${off.checked ? 'off' : 'on'}" not in kept]
    assert others == []  # whether the shortcuts are off is a habit, and no secret
    kept = re.findall(r"sessionStorage\.setItem\('(\w+)', JSON\.stringify\(\{([^}]*)\}\)\)", text)
    assert len(kept) == text.count("sessionStorage.setItem")
    assert [name for name, _ in kept] == (["place"] if script.name == "form.js" else [])
    for _, parts in kept:
        assert [part.strip().partition(":")[0] for part in parts.split(",")] == ["page", "id", "name", "value", "top"]


# Who is talked to, and what is written

NETWORK = (
    "socket",
    "smtplib",
    "ssl",
    "http.client",
    "urllib.request",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "psycopg",
    "paramiko",
)


def test_only_those_whom_the_settings_name_are_talked_to():
    assert {place for place, _ in imported(*NETWORK)} <= {
        "web/mail.py",
        "web/malware.py",
        "storage/database.py",
        "storage/direct.py",
    }


def test_logs_are_written_in_one_place():
    """What goes wrong is told to the standard error, by one logger; the server's own lines are muted or kept there too."""
    logging = {place for place, _ in imported("logging")}
    assert logging == {"web/attachments.py", "web/failures.py", "web/server.py"}
    assert not [
        place for place, name, _ in calls(*PACKAGES) if name.endswith(("FileHandler", "SysLogHandler", "HTTPHandler"))
    ]
    assert not [place for place, name, _ in calls("engine", "renderers", "storage", "web") if name == "print"]
