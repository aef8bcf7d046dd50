"""What goes out, and where requests come in: mail and database by TLS that is judged, headers nobody adds to, messages with one end."""

import json
import ssl
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import create_server
from threading import Thread
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from engine.datatypes.media_types import MEDIA_TYPES
from storage.accounts import create_account
from storage.keys import derive_keys, new_key
from storage.mail import Mail
from storage.second_factor import new_secret
from storage.tables import audit_entry
from web.mail import postman
from web.settings import SettingsError, read_settings, system_clock

SCAN = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'


class Taking:
    """Takes every message."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- the name that aiosmtpd calls
        self.got.append(envelope.original_content.decode())
        return "250 taken"


@pytest.fixture
def office():
    """A mail server without TLS: its port and what it got."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    taking = Taking()
    server = Controller(taking, hostname="127.0.0.1", port=port)
    server.start()
    yield port, taking.got
    server.stop()


@pytest.fixture
def strange_office(tmp_path):
    """One that speaks TLS with a certificate of its own make: its port, and whether anybody went on talking to it."""
    context, talked = own_certificate(tmp_path), []

    def answer(listening):
        caller, _ = listening.accept()
        with suppress(OSError), caller, context.wrap_socket(caller, server_side=True) as safe:
            safe.sendall(b"220 welcome\r\n")
            talked.append(safe.recv(100))

    with create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1], talked
        thread.join(10)


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")]),
    )
    now = system_clock()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def settings(smtp):
    return SimpleNamespace(smtp=smtp, mail_from="krm@krm.example", clock=system_clock)


def letter(subject="Nowe hasło", to="anna@szpital.example"):
    return Mail("reset", to, subject, "Link: https://krm.example/password/secret\n")


def test_a_mail_server_whose_certificate_nobody_vouches_for_gets_nothing(strange_office):
    port, got = strange_office
    with pytest.raises(ssl.SSLCertVerificationError):
        postman(settings(f"smtps://127.0.0.1:{port}"))(letter())
    assert got == []


def test_mail_goes_over_no_network_in_clear(office, monkeypatch):
    port, got = office
    monkeypatch.setattr("web.mail._is_here", lambda _: False)
    with pytest.raises(OSError, match="STARTTLS"):
        postman(settings(f"smtp://127.0.0.1:{port}"))(letter())
    assert got == []


@pytest.mark.parametrize("mail", [letter("x\nBcc: y@z.example"), letter(to="a@b.example\r\nBcc: y@z.example")])
def test_headers_of_mail_cannot_be_added(office, mail):
    port, got = office
    with pytest.raises(ValueError, match=r"(?i)linefeed|newline|carriage"):
        postman(settings(f"smtp://127.0.0.1:{port}"))(mail)
    assert got == []
    postman(settings(f"smtp://127.0.0.1:{port}"))(letter())
    assert len(got) == 1


# The start


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "key").touch()
    return {
        "ECRF_DATABASE_URL": "sqlite://", "ECRF_SECRET": "s" * 40, "ECRF_MASTER_KEY_FILE": str(tmp_path / "key"),
        "ECRF_DEFINITIONS": str(tmp_path),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["ECRF_DATABASE_URL", "ECRF_SECRET", "ECRF_MASTER_KEY_FILE"])
def test_nothing_secret_has_a_default(environment, name):
    read_settings(environment)
    with pytest.raises(SettingsError):
        read_settings({key: value for key, value in environment.items() if key != name})


FAR = "postgresql://ecrf_app:x@db.example/ecrf"


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("sqlite:///x", True), ("postgresql:///ecrf?host=/var/run/postgresql", True), ("postgresql://ecrf@localhost/ecrf", True),
        ("postgresql://ecrf@127.0.0.1:5433/ecrf", True), ("postgresql://ecrf@[::1]/ecrf", True), ("postgresql:///ecrf", True),
        (f"{FAR}?sslmode=verify-full", True), (f"{FAR}?sslrootcert=/x&sslmode=verify-full", True), (FAR, False), (f"{FAR}?sslmode=prefer", False),
        (f"{FAR}?sslmode=require", False), (f"{FAR}?sslmode=verify-ca", False), ("postgresql:///ecrf?host=db.example", False),
        ("postgresql+psycopg://ecrf@10.0.0.7/ecrf", False),
    ],
)  # fmt: skip
def test_a_database_on_another_machine_is_reached_by_tls_that_is_judged(environment, url, taken):
    given = {**environment, "ECRF_DATABASE_URL": url}
    if taken:
        assert read_settings(given).database_url == url
        return
    with pytest.raises(SettingsError, match="sslmode=verify-full") as fault:
        read_settings(given)
    assert ":x@" not in str(fault.value)
    assert read_settings({**given, "ECRF_PLAIN_DATABASE": "1"}).database_url == url


def test_keys_have_256_bits_and_are_never_alike():
    keys = derive_keys(b"k" * 32)
    derived = [keys.wrapping, keys.hashing, keys.sealing, keys.noting, new_key(), new_key()]
    assert {len(key) for key in derived} == {32}
    assert len(set(derived)) == len(derived)
    assert len(keys.keyed_hash("x", "y")) == len(keys.seal(b"x")) == 32
    assert len(new_secret()) >= 16
    with pytest.raises(ValueError, match="32"):
        derive_keys(b"k" * 31)


# Requests whose end two servers could see at different places

REQUEST = b"POST /sign-in HTTP/1.1\r\nHost: x\r\n%s\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        CHUNKED + b"Content-Length: 4\r\n", b"Content-Length: 4\r\n" + CHUNKED, b"Content-Length: 4\r\nContent-Length: 5\r\n", b"Content-Length: +4\r\n",
        b"Content-Length: 4,4\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n", b"X: a\rContent-Length: 4\r\n", b"X_Forwarded: \x00\r\n",
    ],
)  # fmt: skip
def test_a_message_without_one_certain_end_is_refused(headers):
    from gunicorn.config import Config  # type: ignore[import-untyped]  # it ships no types
    from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

    def parse(lines):
        return next(RequestParser(Config(), iter([REQUEST % lines + b"4\r\nabcd\r\n0\r\n\r\n"]), ("127.0.0.1", 1)))

    assert parse(CHUNKED).body.read() == b"abcd"
    with pytest.raises(Exception, match=r"(?i)invalid|unsupported|bad"):
        parse(headers).body.read()


# Files that could run


def test_no_kind_of_file_that_can_hold_a_script_is_taken():
    assert not [
        name for name in MEDIA_TYPES if any(word in name for word in ("svg", "html", "xml", "script", "zip", "office"))
    ]
    assert not [name for name, kind in MEDIA_TYPES.items() if kind.matches(SCAN[:132].ljust(132))]


@pytest.mark.parametrize("name", ["drawing.svg", "drawing.png", "drawing.pdf"])
def test_a_drawing_with_a_script_is_refused_whatever_it_is_called(new_sqlite, new_world, fill_ward, name):
    folder = Path(__file__).parents[1] / "fixtures" / "rights"
    world = new_world(new_sqlite(), definitions=folder, registry="ward")
    filled = fill_ward(world)
    anna = world.browser("anna").get(filled.daily.rpartition("/")[0] + "/" + filled.care.rpartition("/")[2])
    anna.post({"__do": "save"}, "forms", files={"scan__file": (name, SCAN)})
    with world.space.database.read() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM attachment").scalar_one()
    assert kept == 1  # the scan that was there
    assert "alert(2)" not in anna.text
    world.space.database.close()


# Logs


def test_entries_are_read_by_machines(quick_world):
    anna = quick_world.browser("anna")
    anna.register()
    anna.search("Kowalska")
    quick_world.browser().sign_in("anna", "wrong horse battery")
    create_account(
        quick_world.space.database,
        'x"\n,;',
        'Z "nazwą"\nw dwóch',
        "correct horse battery",
        who='a"\n',
        at=quick_world.clock(),
    )
    with quick_world.space.database.read() as connection:
        rows = connection.execute(audit_entry.select()).all()
    assert len({row.kind for row in rows}) > 5
    for row in rows:
        assert isinstance(json.loads(row.body), dict), row.kind
        assert row.at.utcoffset() == timedelta(0)
