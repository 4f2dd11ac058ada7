"""The same clock and mailbox as the jobs'."""

from tests.component.service.jobs.conftest import clock, post

__all__ = ["clock", "post"]
