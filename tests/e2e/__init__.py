"""Real Claude Code clients, of several versions, through Sidestep before a scripted upstream. See `__main__`."""
