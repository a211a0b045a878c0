"""What everything stands on: errors, clock, ids, points, crypto, jobs, net. No models, no requests."""
