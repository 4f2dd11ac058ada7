"""The edge recorder: ingests camera streams, keeps them on disk, serves them under licence."""
