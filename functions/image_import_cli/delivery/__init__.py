"""Uploads brought to the function by a command: here, deployed, or on the fakes."""
