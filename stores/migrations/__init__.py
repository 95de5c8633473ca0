"""How a store comes from the schema of one version to that of the next (README.md)."""
