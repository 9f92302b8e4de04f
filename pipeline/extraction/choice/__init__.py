"""Which blocks of a `PageTree` are the page's main text: features, learned scores, rules."""
