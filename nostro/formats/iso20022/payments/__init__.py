"""What a customer asks of a bank: credit transfers and direct debits."""
