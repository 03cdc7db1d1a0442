"""Several stores as one, and where each thing lies in them."""
