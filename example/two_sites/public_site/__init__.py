"""The site that everybody can reach: it serves the images, and keeps the hits."""
