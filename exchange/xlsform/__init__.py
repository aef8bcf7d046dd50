"""XLSForm (ODK, KoboToolbox): workbooks in and out. `read` reads, `write` writes; rules are XPath."""
