"""Appointments as calendars (iCalendar, RFC 5545) that other programs read."""
