"""Phase AUDIT: what auditors look up: every host with its documents, every name with its place."""
