"""Simple Message Queue and EventBridge, as far as messages are handed to them."""
