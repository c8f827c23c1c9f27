"""From one format to another: what the target will be, part by part."""
