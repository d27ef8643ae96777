"""What a job without a person watching needs: a lock, a clock, pings, metrics, and its schedule."""
