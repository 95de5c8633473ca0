"""Which of the profile's indicators a narrative holds, and which it denies (R16, R21).

The method is ConText: W. W. Chapman et al., A simple algorithm for identifying negated findings and
diseases in discharge summaries (NegEx), J Biomed Inform 34, 2001; H. Harkema, J. N. Dowling,
T. Thornblade, W. W. Chapman, ConText: an algorithm for determining negation, experiencer, and
temporal status from clinical reports, J Biomed Inform 42, 2009. Its words are the profile's.
"""
