"""The tree over the journal, and what is signed of it: nobody rewrites the past unseen."""
