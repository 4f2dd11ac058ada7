"""All mutants, by the rows of the matrix."""

from tests.mutants.monitor import MONITOR
from tests.mutants.recording import RECORDING
from tests.mutants.remote import REMOTE
from tests.mutants.terms import TERMS

MUTANTS = (*RECORDING, *REMOTE, *MONITOR, *TERMS)
