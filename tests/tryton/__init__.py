"""A real ERP that we did not write: Tryton, in its own environment, spoken to over HTTP only."""
