"""Voice: what a person said and heard, by sessions (section 21)."""
