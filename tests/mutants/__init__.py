"""Mutants: the product with one enforcement point disabled, and the cell of the matrix that must turn red."""
