"""Rules as their files have them, compiled: conditions on facts of a request, and what is answered."""
