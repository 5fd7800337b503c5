"""`python -m radiant`."""

from radiant.cli import main

main()
