"""Pure building blocks. Imports nothing of ours and does no I/O."""
