"""The local run: PostgreSQL, Valkey and every process of Laurel, with nothing installed first.

Imports nothing of Django. `make run` is `python -m config.local`; the tests borrow its servers.
"""
