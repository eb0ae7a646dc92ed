"""Pages of Sidestep's own below `/-/` for programs: health, readiness, metrics."""
