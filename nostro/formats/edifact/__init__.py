"""UN/EDIFACT: messages of banks outside America in segments and elements (ISO 9735)."""
