"""Maintenance: the index compared with the files, made anew from them, backed up; footage protected."""
