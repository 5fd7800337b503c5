"""Tenants: the workspaces that never meet. Their settings, plans and limits."""
