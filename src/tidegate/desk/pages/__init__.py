"""What all pages share: layout, styles, words."""
