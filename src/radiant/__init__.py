"""RADIANT: one door to every model, and the workplace around it."""

__version__ = "0.1.0"
