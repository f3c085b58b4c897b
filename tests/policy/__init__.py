"""The tests' own rules of who may do what where, and every cell of them tried in conversation."""
