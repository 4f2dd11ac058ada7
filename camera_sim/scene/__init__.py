"""What the cameras see: two sites in three dimensions, drawn with OpenCV."""
