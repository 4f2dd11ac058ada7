"""The picture of the wall: one YUV 4:2:0 canvas, of which only what changed is painted again."""
