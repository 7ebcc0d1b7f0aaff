"""Cases 61 to 65 of HOSTILE for every format: texts × fields × formats, and none of them acts.

`texts` are the payloads, `filling` puts them into every text of a model, `documents` are what
is filled, `formats` what is made of it, `deciders` parse that and say what acts.
"""
