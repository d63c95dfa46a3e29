"""How fast authjwks is beside its peers and beside the bare signature check: `python -m benchmarks`."""
