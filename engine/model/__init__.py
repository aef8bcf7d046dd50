"""The checked, frozen model of a definition; names follow CDISC ODM."""
