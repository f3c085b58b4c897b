"""How well the plan is answered from, measured on questions whose writers never saw the pack."""
