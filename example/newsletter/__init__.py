"""A small project that sends a newsletter, and learns which of its emails were opened and which links were followed."""
