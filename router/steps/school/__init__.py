"""A child's school is told of a domestic-abuse incident before its next school day (L4)."""
