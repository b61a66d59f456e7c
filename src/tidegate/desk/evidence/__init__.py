"""Evidence from outside the messenger: claims, identifiers, links, the ground of action, custody, the case file."""
