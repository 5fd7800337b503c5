"""Anything that streams or lasts: its state, and its numbered events, which survive a reload and a crash."""
