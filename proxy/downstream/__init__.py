"""The client's side: connections, who may come in, bodies as they arrive, replies in exact bytes."""
