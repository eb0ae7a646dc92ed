"""What is kept of requests that have ended: one entry each, the ledger that tells of them, and counts."""
