"""How a bank message is read as XML: safely, in one pass, in constant memory."""
