"""How fast is this program beside its peers, on the same machine, in the same run?"""
