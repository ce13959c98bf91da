"""Files of banking in the United States: BAI2, lockbox, Nacha ACH, X12, positive pay."""
