"""Who acts, what they ask of the access rules, and how that is recorded."""
