"""What people and programs are told of an import, and how each receiver wants it."""
