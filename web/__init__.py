"""The web application: pages, the API for hospital systems, sign-in."""
