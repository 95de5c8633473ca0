"""What an agency runs on its own side: it signs and verifies, and needs no hub for that."""
