"""Rooms: documents that people write together, live (section 20)."""
