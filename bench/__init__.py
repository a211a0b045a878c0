"""Speed, measured beside peers in one run: `make bench`. See docs/performance.md.

Nothing of the product imports this, and it reaches the product as everybody does: over HTTP.
"""
