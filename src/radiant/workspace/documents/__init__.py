"""Knowledge bases: documents that are read, cut into passages, found by retrieval and cited by page and span."""
