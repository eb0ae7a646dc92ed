"""The desk where requests are decided, and what it remembers: trips, signs of drift, headers to repeat, agreement in shadow."""
