"""Live figures: traits hold the data, an ES module draws them, with or without a kernel."""
