"""What the upstream's replies say, read from a copy of them: tokens, and errors among replies that began well."""
