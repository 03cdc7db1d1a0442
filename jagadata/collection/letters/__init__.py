"""The letters of a round and their dispatch."""
