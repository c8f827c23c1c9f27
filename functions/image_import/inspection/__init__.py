"""Look inside an image without downloading it: optional, read-only and bounded."""
