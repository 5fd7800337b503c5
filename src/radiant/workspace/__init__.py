"""Where people work."""
