"""The dates of every protocol that can be followed, as text that a clinician can read.

A test holds the rules to the checked-in tables. When dates are meant to change, write them anew
by `python -m tests.golden` and let a clinician read the difference.
"""
