"""Ways to tell payees that they are paid."""
