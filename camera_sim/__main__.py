"""`python -m camera_sim CONFIG`: the same as `edge-recorder cameras CONFIG`."""

import sys

from camera_sim.commands import cameras

sys.exit(cameras(sys.argv[1:]))
