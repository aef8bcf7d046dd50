"""Why a calculated value is what it is, on a page that is being filled."""

from engine.records.explaining import Fact
from renderers.html import evaluation_patch


def test_why_follows_what_is_typed(site, form, data, evaluation):
    """What was just changed is not explained by old numbers; the server's answer brings the new ones."""

    def tell(*facts: Fact) -> None:
        patch = evaluation_patch(form, data, evaluation, "pl", why=lambda path: facts if path == "duration" else ())
        site.page.evaluate("result => ecrfForm.applyEvaluation(result)", patch)

    row = f"r-lx.{data.groups['lx'][0].id}"
    tell(Fact("Oddział", "Chirurgia", path="ward"), Fact("Elektroda 1", "czas = 5", ": ", "lx[1]"), Fact("<b>", "<i>"))
    why = site.page.locator("#f-duration .why .inputs")
    assert why.text_content() == "Oddział ChirurgiaElektroda 1: czas = 5<b> <i>"
    assert [link.get_attribute("href") for link in why.locator("a").all()] == ["#ward", f"#{row}"]

    site.page.locator("#op2_npwz").fill("1")
    assert why.text_content() != ""
    site.page.locator("#ward").fill("Kardiologia")
    assert why.text_content() == ""
    tell(Fact("Oddział", "Kardiologia", path="ward"))
    assert why.text_content() == "Oddział Kardiologia"
