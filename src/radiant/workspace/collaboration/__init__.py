"""Section 20: rooms, where people and models work on one document at the same time."""
