"""The chosen blocks as text: paragraphs, lists, tables and code keep their form."""
