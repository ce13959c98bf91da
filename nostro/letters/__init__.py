"""Letters on paper, for when a person must ring or write: structs to PDF."""
