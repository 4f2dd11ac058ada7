"""`edge-recorder backup` and `restore`: a recorder in one file, and out of it again."""
