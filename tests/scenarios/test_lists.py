"""A long list of answers: found by code or by words, what is chosen in sight."""


def open_procedure(page):
    page.goto("/lead_extraction/patients")
    page.click("form[action$='/patients'][method=post] button")
    page.fill("[name=last_name]", "Przykładowa")
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")
    page.goto(page.url.split("/forms/")[0])
    page.locator('.lanes a[href$=".procedure"]').first.click()
    page.wait_for_selector("[name=__live][value=yes]", state="attached")


def offered(page):
    return page.locator("#f-proc_icd9 .opt:visible code").all_inner_texts()


def test_procedures_are_found_by_code_and_by_words(open_browser):
    page = open_browser()
    open_procedure(page)
    everything, section = offered(page), page.locator("[data-step] small").all_inner_texts()
    search, told = page.locator("#f-proc_icd9 .filter"), page.locator("#f-proc_icd9 .filter + .hint")
    search.fill("37.7")
    assert offered(page)
    assert all(code.startswith("37.7") for code in offered(page))
    assert told.inner_text().startswith(str(len(offered(page))))
    search.fill("elektrod usuniecie")
    assert offered(page)
    search.fill("nie ma takiej")
    assert offered(page) == []
    assert "Nic nie pasuje" in told.inner_text()
    assert page.locator("[data-step] small").all_inner_texts() == section  # a search is no answer
    search.fill("37.7")
    page.locator("#f-proc_icd9 [value='37.77']").check(force=True)
    search.fill("")
    assert (offered(page)[0], sorted(offered(page))) == ("37.77", sorted(everything))
    page.wait_for_selector('[data-save="copy"]')
    page.reload()
    page.wait_for_selector("#f-proc_icd9 .filter")
    assert offered(page)[0] == "37.77"
