"""Tools that compute: exact arithmetic, symbolic maths, units, and Python in sandboxes."""
