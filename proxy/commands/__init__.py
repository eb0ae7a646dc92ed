"""All commands but `serve`: check and explain rules, show statistics, install the service, find faults."""
