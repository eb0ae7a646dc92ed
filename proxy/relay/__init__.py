"""Where the two sides meet: a client's request goes to the upstream, and the reply back to the client."""
