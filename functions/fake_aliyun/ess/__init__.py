"""Auto Scaling: which images its configurations name."""
