"""A site in processes of its own, of which one breaks while hits come in, and a count of what is left."""
