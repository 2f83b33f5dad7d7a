"""Whose study it is, and what says so."""
