"""Function Compute 2.0, as far as functions are invoked."""
