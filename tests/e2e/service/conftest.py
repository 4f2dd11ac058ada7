"""PostgreSQL, as the service's component tests have it."""

from tests.component.service.conftest import postgres

__all__ = ["postgres"]
