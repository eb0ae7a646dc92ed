"""What is the machine's: its own addresses, files, systemd, the terminal and what may be printed there."""
