"""What people take out: five tables, three forms of file, a million rows in little memory."""
