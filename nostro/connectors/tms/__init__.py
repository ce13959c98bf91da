"""Treasury management systems."""
