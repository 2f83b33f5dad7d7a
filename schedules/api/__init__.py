"""What programs may ask of follow-up. It has no rule that the pages have not."""
