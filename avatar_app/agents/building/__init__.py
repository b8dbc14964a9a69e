"""Building a small page: plan, consent, backend beside frontend, tests, review, repairs."""
