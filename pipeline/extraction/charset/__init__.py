"""Names of encodings, what their bytes mean, and which one bytes are written in."""
