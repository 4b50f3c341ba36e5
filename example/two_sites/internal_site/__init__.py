"""The site inside the network: it renders the mails and sends them, and nobody outside can reach it."""
