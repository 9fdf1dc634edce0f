"""Pages of carbon, a module each."""
