"""Composition root: settings, URLs, the Celery app, start-up checks, operators' commands.

May import everything; nobody imports it.
"""
