"""The picture of a referral for whoever decides: read, drawn, and given with letters.

It is drawn when a letter is handed out, so that it shows what is known then; what was shown is
recorded as it was, and decisions name it (decision 021).
"""
