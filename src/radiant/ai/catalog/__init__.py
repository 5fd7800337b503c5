"""What models there are: external and self-hosted ones, their names, abilities and prices."""
