"""`ecrf mail`: a real server takes what waits; what is wrong with the settings is told in one line."""

import base64
from pathlib import Path
from socket import create_server

import pytest
from click.testing import CliRunner

from cli.main import main
from storage.database import open_database
from storage.keys import read_keys
from storage.mail import Mail, queue_mail
from storage.upgrading import upgrade
from web.settings import system_clock

ROOT = Path(__file__).parents[2]


class Taking:
    """Takes every message."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- the name that aiosmtpd calls
        self.got.append(envelope.original_content.decode())
        return "250 taken"


@pytest.fixture(scope="module")
def port():
    with create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def environment(new_sqlite, tmp_path_factory, port):
    folder = tmp_path_factory.mktemp("mail")
    (folder / "master.key").write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    return {
        "ECRF_DATABASE_URL": new_sqlite(), "ECRF_MASTER_KEY_FILE": str(folder / "master.key"), "ECRF_SECRET": "s" * 48,
        "ECRF_DEFINITIONS": str(ROOT / "docs" / "examples"), "ECRF_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "ECRF_MAIL_FROM": "krm@krm.example", "ECRF_PUBLIC_URL": "https://krm.example/",
    }  # fmt: skip


def mail(environment, *words, **others):
    return CliRunner(env={**environment, **others}).invoke(main, ["mail", *words])


def test_what_waits_is_sent_once_the_server_is_there(environment, port):
    from aiosmtpd.controller import Controller

    database = open_database(environment["ECRF_DATABASE_URL"], read_keys(Path(environment["ECRF_MASTER_KEY_FILE"])))
    upgrade(database)
    assert mail(environment, "test", "olga@szpital.example").exit_code == 1  # nobody listens
    office = Taking()
    server = Controller(office, hostname="127.0.0.1", port=port)
    server.start()
    try:
        with database.write() as connection:
            letter = Mail("reset", "ida@szpital.example", "Nowe hasło", "https://krm.example/password/abc\n")
            queue_mail(connection, database.master, letter, system_clock())
        assert mail(environment, "send").output == "1 sent, 0 to be tried again\n"
        assert mail(environment, "send").output == "0 sent, 0 to be tried again\n"
        assert mail(environment, "test", "olga@szpital.example").output == "sent\n"
        assert mail(environment, "remind").output == "0 reminders queued\n"
    finally:
        server.stop()
        database.close()
    assert "To: ida@szpital.example" in office.got[0]
    assert "https://krm.example/password/abc" in office.got[0]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ECRF_MAIL_FROM": ""}, "ECRF_SMTP_URL needs ECRF_MAIL_FROM as well"),
        ({"ECRF_SMTP_URL": "mail.szpital.example"}, "ECRF_SMTP_URL is no address like"),
        ({"ECRF_SMTP_URL": ""}, "set the environment variable ECRF_SMTP_URL"),
        ({"ECRF_SECOND_FACTOR_ROLES": "administrator,monitr"}, "no role 'monitr'. Did you mean 'monitor'?"),
    ],
)
def test_wrong_settings_are_told_in_one_line(environment, wrong, told):
    result = mail(environment, "send", **wrong)
    assert result.exit_code == 1
    assert told in result.output
    assert len(result.output.splitlines()) == 1
