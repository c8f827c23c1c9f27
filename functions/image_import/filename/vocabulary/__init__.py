"""What the names of disk images mean, as tables: the only place that knows words.

To teach image-import a distribution, add one row here and one row to the corpus in
tests/data; no rule needs to change. A word that is ordinary as well (`rocky`) goes to
`ordinary_words`, where it needs company. How a word is written:

    "redhat"    those letters, in any case; also as Red + Hat in RedHat
    "red hat"   the same, and with any separator at the gap: red-hat, Red_Hat
"""
