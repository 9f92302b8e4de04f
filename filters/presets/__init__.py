"""Published recipes as files to include: thresholds, own rules, and their measures."""
