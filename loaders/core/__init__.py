"""What every topic uses. Nothing here names a topic."""
