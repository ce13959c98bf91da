"""How alike two names of people or companies are, in whatever script each is written."""
