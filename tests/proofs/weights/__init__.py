"""How the weights of the shipped profile are learned, from narratives that are labelled."""
