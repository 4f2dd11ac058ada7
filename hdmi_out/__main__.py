"""`python -m hdmi_out CONFIG`: the HDMI output as a process of its own."""

import sys

from gate.quick_end import end_process
from hdmi_out.commands import hdmi

if __name__ == "__main__":
    end_process(hdmi(sys.argv[1:]))
