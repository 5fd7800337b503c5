"""Auto-resolve: from a prompt and what matters about its answer to a model that is named, or that answers."""
