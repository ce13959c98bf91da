"""What the console's templates can say; Django looks for it under this name."""
