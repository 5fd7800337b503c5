"""Coefficients that the learned parts begin with. Who wrote each is said in the module that reads it."""

from importlib import resources


def read(name: str) -> bytes:
    """A file of this folder. To be read with the module: later it would be a read on the event loop."""
    return resources.files("radiant.ai.routing.data").joinpath(name).read_bytes()
