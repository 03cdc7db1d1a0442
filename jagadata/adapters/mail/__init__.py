"""Mail in and out, and messages to other channels."""
