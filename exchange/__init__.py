"""Other systems' formats, in and out: REDCap, ODM, XLSForm and FHIR. See docs/decisions/0032-exchange.md."""
