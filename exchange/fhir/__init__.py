"""FHIR Questionnaires (R4, R4B, R5, and STU3 to read), with the SDC extensions and their FHIRPath rules."""
