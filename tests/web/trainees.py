"""How tests come to train, and what they find there."""

import re

from tests.web.browsing import found_in
from web.training.mode import MODE

SIGN = {"pl": "Nikt tu nie jest pacjentem", "en": "Nobody here is a patient"}


def mode_of(world):
    return world.app.extensions[MODE]


def patients(browser):
    return sorted(set(re.findall(r"/ward/patients/([A-Z][^/\"?]+)", browser.get("/training/ward/patients").text)))


def first_form_of(browser, who, form):
    text = browser.get(f"/training/ward/patients/{who}").text
    return found_in(text, rf'href="(/training/[^"?]*/forms/\d+\.{form}[^"?]*)"')


def come(browser):
    browser.get("/training-mode").post({}, "/training-mode")
    assert browser.address.startswith("/training/"), browser.address
    return browser
