"""The engine: definition text to a checked model, a compiled program and the evaluation of a record."""
