"""What programs may ask of messages and notices. It has no rule that the pages have not."""
