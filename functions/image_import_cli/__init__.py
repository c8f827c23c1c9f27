"""The operator's command `image-import`. Never deployed."""
