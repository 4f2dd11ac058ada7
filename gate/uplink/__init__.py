"""What a device and its licence service say to each other over the device's one outgoing connection (SSH)."""
