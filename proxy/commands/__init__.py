"""What `python -m proxy` can do besides serving: try the rules, explain a decision, show the rules and their schema."""
