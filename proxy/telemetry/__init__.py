"""What is kept of requests that have ended: the ledger that tells of their records, and counts."""
