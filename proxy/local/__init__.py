"""Pages below `/-/` for programs: health, readiness, metrics."""
