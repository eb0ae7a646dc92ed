"""Rules, compiled from their files: conditions on facts of a request, and what is answered."""
