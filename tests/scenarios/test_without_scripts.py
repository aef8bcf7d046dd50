"""The same episode with scripts switched off: pages save, show what became relevant, and lose nothing."""

from engine.datatypes.values import Reference
from renderers.html.values import shown
from tests.scenarios.form_pages import number_of, register, to_form

ROUNDS = 6


def test_episode_a_without_scripts(served, open_browser, example, registry):
    page, wanted = open_browser("anna", scripts=False), example("a")
    register(page)
    who = number_of(page)
    fill(page, wanted, registry.model.forms["patient"], wanted.form("patient"))
    for name, event in (
        ("admission", ""),
        ("device", ""),
        ("indication", ""),
        ("procedure", ""),
        ("complications", "procedure"),
    ):
        to_form(page, "lead_extraction", who, f"{name}.{event}.1" if event else name)
        fill(page, wanted, registry.model.forms[name], wanted.form(name, event))
        assert "done=" in page.url, page.locator("#main").inner_text()[:3000]
    record = served.record(who)
    assert all(form.state == "complete" for form in record.forms.values())
    procedure = next(form.data for place, form in record.forms.items() if place.form == "procedure")
    assert procedure.items == wanted.form("procedure").items
    assert [dict(row.items, lx_lead_ref="") for row in procedure.groups["lx"]] == [
        dict(row.items, lx_lead_ref="") for row in wanted.form("procedure").groups["lx"]
    ]


def fill(page, wanted, form, data):
    """Answer what is shown, save, answer what appeared; then rows one by one, as groups may appear too; then complete."""
    answer_all(page, wanted, {item.id: item for item in form.items}, data.items, "")
    for group in form.groups:
        for row in data.groups.get(group.id, ()):
            press(page, page.locator(f"button[value='add:{group.id}']"))
            name = page.locator(f"[data-row^='{group.id}.'].open").last.get_attribute("data-row")
            answer_all(page, wanted, {item.id: item for item in group.items}, row.items, f"{name}.")
    press(page, page.locator(".dock [value=complete]"))


def press(page, button):
    """Press a button, and wait for the page that it leads to."""
    with page.expect_navigation():
        button.click()


def answer_all(page, wanted, items, values, prefix):
    left = dict(values)
    for _ in range(ROUNDS):
        for name in list(left):
            if answer(page, wanted, items[name], left[name], prefix + name):
                del left[name]
        if not left:
            return
        press(page, page.locator(".dock [value=save]"))
        reopen = page.locator(f"button[value='open:{prefix.rstrip('.')}']") if prefix else None
        if reopen is not None and reopen.count():
            press(page, reopen)
    raise AssertionError(f"never shown: {sorted(left)}")


def answer(page, wanted, item, value, name):
    """Whether the item was there to be answered."""
    if isinstance(value, Reference):
        options = page.locator(f'select[name="{name}"] option').all_inner_texts()
        start = wanted.keys[value.target]
        page.select_option(f'[name="{name}"]', label=next(text for text in options if text.startswith(start)))
        return True
    if not page.locator(f'[id="f-{name}"]').is_visible():
        return False
    parts, flags = shown(item, value, "pl")
    for part, text in parts.items():
        page.fill(f'[name="{name}"]' if part == "value" else f'[name="{name}__{part}"]', text)
    for flag in flags:
        code = flag.removeprefix("is=")
        box = page.locator(f'[name="{name}"][value="{code}"]')
        if box.count() and flag.startswith("is="):
            box.check(force=True)
        elif flag.startswith("is="):
            page.select_option(f'select[name="{name}"]', value=code)
    return True
