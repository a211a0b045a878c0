"""Whatever is done to the books, in whatever order: they say what a few lists of lots say, and they balance."""
