"""A site that counts its hits, and does nothing else."""
