"""What there is to see: plain numbers and words, no pygame."""
