"""CDISC ODM 1.3 and 2.0, in and out. See docs/decisions/0032-exchange.md."""
