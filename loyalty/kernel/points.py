"""Bounds of points: integers that every JSON reader can hold."""

MAX_MOVE = 10**12  # in one call
MAX_BALANCE = 2**53 - 1
