"""Older images make room: deprecated first, deleted later, ours alone."""
