"""`python -m gate.show CONFIG`: the same as `edge-recorder show CONFIG`."""

import sys

from gate.show.commands import show

sys.exit(show(sys.argv[1:]))
