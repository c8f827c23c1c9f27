"""Function Compute 3.0, as far as functions are looked at."""
