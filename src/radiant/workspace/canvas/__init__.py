"""Canvases: artifacts that people and models make together. Their document is a room's; the tables here are its projection."""
