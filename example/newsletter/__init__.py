"""A small newsletter: it sends campaigns, and keeps which emails were opened and which links were clicked."""
