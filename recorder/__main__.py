"""`python -m recorder CONFIG`: the same as `edge-recorder run CONFIG`."""

import sys

from gate.quick_end import end_process
from recorder.commands import run

end_process(run(sys.argv[1:]))
