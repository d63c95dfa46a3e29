"""Metrics and traces: what listeners are given."""
