"""`python -m hdmi_out CONFIG`: the HDMI output as a process of its own."""

import sys

from hdmi_out.commands import hdmi

if __name__ == "__main__":
    sys.exit(hdmi(sys.argv[1:]))
