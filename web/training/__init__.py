"""The training mode: the same application once more, with a database of its own in which nobody is a patient."""
