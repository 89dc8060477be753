"""Training: one loop and one trainer for all methods, exact resume, schedules."""
