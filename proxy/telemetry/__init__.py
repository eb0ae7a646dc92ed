"""What is kept of requests that have ended: the request log that reports them, and counters."""
