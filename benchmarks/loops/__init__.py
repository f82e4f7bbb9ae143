"""Which programs run beside the measurement, as the floor?"""
