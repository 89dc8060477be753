"""The loop: epochs, rounds of resampling, schedule, resume."""
