"""Assets: what people upload and what models make, as objects with a row each."""
