"""Footage that a camera has on its own SD card and the recorder has not: fetched after the camera was out of reach."""
