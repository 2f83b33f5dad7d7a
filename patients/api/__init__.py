"""What programs may ask of patients and their history. It has no rule that the pages have not."""
