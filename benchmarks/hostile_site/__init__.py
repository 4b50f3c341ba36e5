"""A site that counts the hits it takes, and does nothing else."""
