"""`python -m camera_sim CONFIG`: the same as `edge-recorder cameras CONFIG`."""

import sys

from camera_sim.commands import cameras
from gate.quick_end import end_process

end_process(cameras(sys.argv[1:]))
