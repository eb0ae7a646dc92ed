"""The prefix of a shell command, and the files that it displays, where grammar and manuals leave no doubt."""
