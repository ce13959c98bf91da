"""Messages of SWIFT FIN (MT): tagged lines, bare or inside the envelope of the network."""
