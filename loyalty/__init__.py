"""The floor: businesses, keys, plans; accounts and the ledger; metrics, tiers; events; the APIs' plumbing.

Knows accounts, never people, rewards or webhooks.
"""
