"""What a camera hears: synthesised once, encoded once, sent in time with the pictures."""
