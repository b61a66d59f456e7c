"""What is read in exhibits: claims and identifiers that the software found and a person confirms."""
