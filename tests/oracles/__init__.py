"""Small statements of the rules, written apart from the product, that it is held against."""
