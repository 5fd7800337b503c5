"""One answer from several models': consensus, best of, synthesis and debate (section 24)."""
