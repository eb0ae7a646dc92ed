"""What Sidestep saves in a session of ten turns, by client version. See `__main__`."""
