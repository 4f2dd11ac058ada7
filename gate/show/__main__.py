"""`python -m gate.show CONFIG`: the same as `edge-recorder show CONFIG`."""

import sys

from gate.quick_end import end_process
from gate.show.commands import show

end_process(show(sys.argv[1:]))
