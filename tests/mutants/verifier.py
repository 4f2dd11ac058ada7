"""`python -m tests.mutants.verifier TREE …`: `edge-recorder verify …`, whose site runs from the product in TREE.

The verifier itself is the one of this tree, imported before; what it starts is found where it stands.
"""

import os
import sys

from gate.verify.commands import verify

if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sys.exit(verify(sys.argv[2:]))
