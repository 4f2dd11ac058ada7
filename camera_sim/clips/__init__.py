"""Loops of encoded pictures: made once by worker processes, kept on disk, prepared for sending."""
