"""The office file: what it holds, its checks, and its faults in words."""
