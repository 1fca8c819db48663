"""Settings for every test of the repository."""

from hypothesis import HealthCheck, settings

# How fast an example runs says more about the machine than about the code: tests run
# on shared and loaded ones.
settings.register_profile(
    "dotflow", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dotflow")
