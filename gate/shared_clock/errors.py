"""What can go wrong with a shared clock.

ClockError
├── ClockCommandError   a command that is not in the grammar, or cannot be done now
└── ClockServerError    no server answers at the socket, or the socket cannot be used
"""


class ClockError(Exception):
    """One sentence for the person at the controls."""


class ClockCommandError(ClockError):
    pass


class ClockServerError(ClockError):
    pass
