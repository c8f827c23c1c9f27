"""From Available to in use: copied to regions, shared with accounts, in its family."""
