"""What holds for all tests: properties are judged by their outcome, not by how busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile("repository", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repository")
