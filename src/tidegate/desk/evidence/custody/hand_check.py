"""``VERIFY.txt``: how to check a case file by hand, for somebody who has nothing but the file."""

_TEXT = """\
How to check this case file by hand
===================================

You need a command line with unzip, sha256sum and openssl (any Linux system; on macOS `shasum -a 256` in place of
sha256sum). No software of ours is needed. Every command below is run in the folder that holds this text.

Case {id}, {exhibits} exhibits.

1. Has any file changed?
------------------------

    sha256sum --check --quiet --strict manifest-sha256.txt
    sha256sum --check --quiet --strict tagmanifest-sha256.txt

No output means that every file has the bytes it had when the case was sealed. A changed or missing file is named. Files
that are in neither list were put in later; this lists them, and prints nothing when there are none:

    find . -type f ! -name tagmanifest-sha256.txt | sed 's|^\\./||' | sort > ../files-there.txt
    cat manifest-sha256.txt tagmanifest-sha256.txt | cut -c 67- | sort > ../files-listed.txt
    comm -23 ../files-there.txt ../files-listed.txt

2. When was it sealed, and by whom?
-----------------------------------

{seals} time stamp(s) under RFC 3161 are over the list of all files, manifest-sha256.txt. Its SHA-256 was

    {manifest}

    while IFS="$(printf '\\t')" read -r token file roots seconds authority; do
      openssl ts -verify -data "$file" -in "$token" -CAfile "$roots" -attime "$seconds" || echo "NOT GOOD: $token"
    done < seal/seal.tsv

Each must answer `Verification: OK`. The time is shown by `openssl ts -reply -text -in seal/manifest-1.tsr`.
The roots of the authorities lie in this file, so whoever made the file could have made them up. Compare their
fingerprints with those that the authorities publish:

    for roots in data/authorities/*.pem; do openssl x509 -noout -subject -fingerprint -sha256 -in "$roots"; done

3. When was each exhibit there?
-------------------------------

    while IFS="$(printf '\\t')" read -r token file roots seconds authority; do
      openssl ts -verify -data "$file" -in "$token" -CAfile "$roots" -attime "$seconds" || echo "NOT GOOD: $token"
    done < data/tokens.tsv

Each must answer `Verification: OK`; "NOT GOOD" names a time stamp that is not of its exhibit, or not of its authority.

4. Who had the exhibits in hand?
--------------------------------

data/custody/custody.jsonl has one row a line. Each row names, as "before", the SHA-256 of the line before it, line end
included; the first names zeros. So a row that was changed, removed or moved shows in the next one:

    last="$(printf '0%.0s' $(seq 64))"
    while IFS= read -r line; do
      case "$line" in *"\\"before\\":\\"$last\\""*) ;; *) echo "BROKEN before: $line" ;; esac
      last="$(printf '%s\\n' "$line" | sha256sum | cut -c 1-64)"
    done < data/custody/custody.jsonl

No output means that the chain is unbroken. Its last row says "sealed".

What this does not show: that a page was true, who wrote it, or that nothing was left out before the case was sealed.
"""


def hand_check(case_id: str, manifest_sha256: str, exhibits: int, seals: int) -> str:
    """The text for a case."""
    return _TEXT.format(id=case_id, manifest=manifest_sha256, exhibits=exhibits, seals=seals)
