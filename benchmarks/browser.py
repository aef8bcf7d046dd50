"""The same change as in `compiling`, by the browser's interpreter under Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.definitions import record, subject
from benchmarks.measuring import Row, within
from benchmarks.registries import NOW, registry
from engine.datatypes.base import Json
from engine.records.browser import form_program
from engine.records.browser_state import subject_state
from engine.records.session import Session

SCRIPT = Path(__file__).with_name("browser.js")
FRAME = 0.016  # of a screen that is drawn sixty times a second


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'browser' of the table."""
    node = shutil.which("node")
    if node is None:
        yield Row("browser", "one field in the browser", "not measured", note="there is no Node here")
        return
    for per_form, what in ((100, "a form of 100 items"), (5000, "one form of 5,000 items")):
        found = _measured(node, per_form, 20 if quick else 100)
        taken = median(found["taken"]) / 1e3
        note = f"{what}; opened in {found['opened']:.0f} ms, rules {found['size'] // 1024} KB before compression"
        yield within("browser", "one field, rules.js under Node", taken, FRAME, note)


def _measured(node: str, per_form: int, edits: int) -> dict[str, Json]:
    compiled = registry(5000, per_form)
    patient, focus = subject(record(per_form, 2))
    session = Session(compiled, patient, focus, as_of=NOW)
    program = form_program(compiled, "f0", "pl")
    changes = [["f0_s4_i1", {"n": str(number % 290)}] for number in range(1, edits + 1)]
    content = {"program": program, "state": subject_state(session), "edits": changes}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "form.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        done = subprocess.run([node, SCRIPT, path], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Json] = json.loads(done.stdout)
    return {**found, "size": len(json.dumps(program))}
