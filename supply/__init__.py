"""What is shipped beside our own code: licences, known weaknesses. For bin/check and CI alone."""
