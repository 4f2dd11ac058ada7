"""`python -m recorder CONFIG`: the same as `edge-recorder run CONFIG`."""

import sys

from recorder.commands import run

sys.exit(run(sys.argv[1:]))
