"""What programs may ask of images. It has no rule that the pages have not."""
