"""How an amount somebody typed is understood, step by step; `knowledge.quantities` is the door.

words (the vocabulary) → names (left out) → slips (what was meant) → tokens → direction (given, not
got) → numbers → money → measures → sums. Each step understands what it is given wholly or raises
`numbers.Doubt`. Vietnamese words and sentences stand in `words.yaml`, `names.yaml` and
`replies.yaml`, a province's measures in its plan pack. Nothing else lives here.
"""
