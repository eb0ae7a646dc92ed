"""The desk, which decides requests, and what it remembers: trips, drift, headers to repeat, agreement in shadow."""
