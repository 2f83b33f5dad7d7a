"""Another system is told of appointments by HL7 v2: what happened is decided, written, sent."""
