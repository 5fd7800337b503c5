"""What finds texts by words and by meaning: terms, BM25, embeddings, fusion, cut-offs. Memory's, and later documents'."""
