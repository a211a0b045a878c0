"""What can be wrong on a person's machine."""


class LocalProblem(Exception):
    """One clear sentence for the person at the terminal: what is wrong and what to do."""
