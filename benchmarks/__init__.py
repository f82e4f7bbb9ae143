"""How fast is this program, beside its peers and beside what the machine can do at all?"""
