// Loads, and never answers.
