"""How long tests wait for what comes late on a machine that is busy."""

SECONDS = 60
MILLISECONDS = 1000 * SECONDS  # as Playwright counts
