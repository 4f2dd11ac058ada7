"""`python -m gate.service CONFIG`: the same as `edge-recorder service run CONFIG`."""

import sys

from gate.quick_end import end_process
from gate.service.commands import service

end_process(service(["run", *sys.argv[1:]]))
