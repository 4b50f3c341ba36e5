"""The site that everybody can reach: it serves the pictures, and keeps the hits."""
