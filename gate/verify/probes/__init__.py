"""One module a row of the matrix: evidence of what a user would notice, never a status flag of what is judged."""
