"""Faults on purpose, at a random moment under steady load, on a whole Laurel with servers of its own: `make chaos`."""
