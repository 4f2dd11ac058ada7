"""The schema in forward steps, one script a version; a script that has run anywhere is never changed."""
