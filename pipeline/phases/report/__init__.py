"""Phase REPORT: what became of every record, for people (`index.html`) and programs."""
