"""Where things are in a case file."""

MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
CUSTODY, HEADS = "data/custody/custody.jsonl", "data/custody/heads/"
CASE, REGISTER = "data/case.json", "data/exhibits.json"
TOKENS, SEAL = "data/tokens.tsv", "seal/seal.tsv"
