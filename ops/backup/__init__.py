"""A copy of store and keys, sealed to somebody who is not the hub, and how it is put back."""
