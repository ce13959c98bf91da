"""PostgreSQL: models, isolation of customers, evidence, events, and the queries by name."""
