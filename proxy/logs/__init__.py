"""What Sidestep says: set-up of its logs, priorities in the journal, and repeats held back."""
