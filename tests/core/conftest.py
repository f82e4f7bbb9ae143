"""How are properties tried here?"""

from hypothesis import HealthCheck, settings

# What is pure is never slow by itself; a busy machine is no failure.
settings.register_profile("core", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("core")
