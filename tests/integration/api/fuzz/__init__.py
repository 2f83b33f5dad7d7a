"""What Schemathesis loads into a process of its own."""
