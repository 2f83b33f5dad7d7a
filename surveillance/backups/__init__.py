"""Backups that are proven: what `bin/backup` and `bin/restore` run.

PostgreSQL's programs, and the server that a backup is tried on, are those of the demo's wheel.
"""
