"""The request log, which reports requests that have ended, and the counters."""
