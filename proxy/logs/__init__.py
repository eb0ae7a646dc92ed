"""What Sidestep says: set-up of its logs, priorities in the journal, repeats held back, and a stream that may fail."""
