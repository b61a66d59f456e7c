"""Who it is: links between exhibits, accounts, campaigns and the subject of a case; findings on the messenger."""
