"""What happens before a camera: planned, asked for, shown in its pictures, told to whoever listens."""
