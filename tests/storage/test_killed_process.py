import os
import subprocess
import sys
from pathlib import Path

from engine.records.form_data import FormData
from storage.saving import save_form

# Saves once and is killed after the commit, before it can tell anybody.
PROGRAM = """
import importlib.util, os, signal, sys
spec = importlib.util.spec_from_file_location("ward_conftest", sys.argv[1])
ward_conftest = importlib.util.module_from_spec(spec)
sys.modules["ward_conftest"] = ward_conftest
spec.loader.exec_module(ward_conftest)
from engine.records.form_data import FormData
from storage.access import Actor
from storage.database import open_database
from storage.keys import derive_keys
url, subject, episode, patient, account, site = sys.argv[2], *map(int, sys.argv[3:8])
actor = Actor(account, "jan", "small", site)
ward = ward_conftest.Ward(open_database(url, derive_keys(b"k" * 32)), actor, subject, patient, episode, "")
if sys.argv[8] == "before":
    import sqlalchemy
    sqlalchemy.Connection.commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
ward.save(FormData({"v_text": "typed once"}), key=f"only-key-{subject}")
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(ward, url, moment):
    here = Path(__file__)
    numbers = (ward.subject, ward.episode, ward.patient, ward.actor.account, ward.actor.site)
    arguments = [sys.executable, "-c", PROGRAM, str(here.with_name("conftest.py")), url, *map(str, numbers), moment]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(arguments, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr


def test_after_a_kill_between_write_and_answer_the_retry_gets_the_answer(ward, database_url, small):
    killed(ward, database_url, "after")
    request = ward.request(FormData({"v_text": "typed once"}), key=f"only-key-{ward.subject}")
    answer = save_form(ward.database, small.REGISTRY, request, small.RULES)
    assert (answer.revision, answer.replayed) == (1, True)
    assert ward.stored().items == {"v_text": "typed once"}


def test_after_a_kill_before_the_commit_nothing_is_there_and_the_retry_saves(ward, database_url, small):
    killed(ward, database_url, "before")
    assert ward.visit not in ward.load().forms
    request = ward.request(FormData({"v_text": "typed once"}), key=f"only-key-{ward.subject}")
    answer = save_form(ward.database, small.REGISTRY, request, small.RULES)
    assert (answer.revision, answer.replayed) == (1, False)
