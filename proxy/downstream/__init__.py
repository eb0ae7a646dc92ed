"""The client's side: connections, access, bodies as they arrive, replies in exact bytes."""
