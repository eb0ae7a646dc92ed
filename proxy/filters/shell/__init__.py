"""What a shell command is called, and what it shows: computed where its grammar and the manuals leave no doubt."""
