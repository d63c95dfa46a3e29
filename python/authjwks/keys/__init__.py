"""An issuer's keys: where they come from, how they are waited for, and what is reported of them."""
