"""The demonstration: a small database of made-up patients at three hospitals, filled through the normal save path."""
