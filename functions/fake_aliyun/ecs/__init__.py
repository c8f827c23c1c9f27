"""Elastic Compute Service, as far as images are imported."""
