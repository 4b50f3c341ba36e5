"""The site that everybody can reach: it serves the images, follows the links, and keeps the hits."""
