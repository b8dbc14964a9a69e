"""What language models are told and what they write, for every engine that asks one."""
