"""What an upload is converted to, from object to object; loaded only for that."""
