"""Think Tank (section 18): problems taken apart, solved with tools, verified step by step; durable, within a budget."""
