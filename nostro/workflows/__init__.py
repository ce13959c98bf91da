"""The patterns of the business, each reading like its numbered list."""
