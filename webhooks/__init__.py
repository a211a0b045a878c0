"""Endpoints, deliveries, signatures, retries. It listens to events; no app imports it."""
