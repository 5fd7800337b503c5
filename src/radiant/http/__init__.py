"""Shared HTTP: problems, pages, streams. Knows no slice and no authentication."""
