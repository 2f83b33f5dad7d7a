"""What programs may ask of plans and exams. It has no rule that the pages have not."""
