"""The site inside the network: it renders and sends the emails, and nobody outside can reach it."""
