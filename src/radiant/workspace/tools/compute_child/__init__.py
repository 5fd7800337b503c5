"""The process that does symbolic maths and units: nothing else of RADIANT is loaded in it, and it is killed at its limit."""
