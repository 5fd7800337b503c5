"""Self-hosted models: their files, their processes, how warm they are, and the memory they share."""
