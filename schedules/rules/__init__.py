"""The rules of follow-up, pure: dates and dataclasses in, dates and dataclasses out.

No Django, no clock, no database. The day is always a parameter.
"""
