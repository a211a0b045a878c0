"""Acme Coffee's own shop, as a merchant might write it: the standard library, and Laurel over HTTP.

Nothing of Laurel or Django is imported here.
"""
