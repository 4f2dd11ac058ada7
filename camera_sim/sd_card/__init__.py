"""A camera's own SD card: what it records there, how it is fetched over the network, how it is taken out."""
