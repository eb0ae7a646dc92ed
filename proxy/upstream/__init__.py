"""The way to the upstream and back: the only room that opens connections, and where their faults are told in words."""
