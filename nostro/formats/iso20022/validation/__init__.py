"""Whether a bank would accept the form of a message: the official schemas, asked."""
