"""How days and times are written, by language. Pages ask for them by Django's names."""
