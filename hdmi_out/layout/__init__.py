"""Where things are on the wall: pure geometry, no drawing."""
