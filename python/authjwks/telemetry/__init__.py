"""Metrics, traces and logs: what listeners are given, and what is written about refusals."""
