"""`python -m gate.service CONFIG`: the same as `edge-recorder service run CONFIG`."""

import sys

from gate.service.commands import service

sys.exit(service(["run", *sys.argv[1:]]))
