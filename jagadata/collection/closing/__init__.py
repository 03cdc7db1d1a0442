"""The end of a round: timing and closing report."""
