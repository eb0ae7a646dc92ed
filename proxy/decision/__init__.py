"""The desk where requests are decided, and what it remembers: trips, drift, headers to repeat, agreement in shadow."""
