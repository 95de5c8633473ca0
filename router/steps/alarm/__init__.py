"""What nobody has is an alarm to people, until one of them takes it."""
