"""What happens at the cameras and in the recorder: told by sources, kept in the index, passed on to who listens."""
