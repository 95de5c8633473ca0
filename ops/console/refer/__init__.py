"""The referral form: anybody reports a concern about a child, signed in or not (R2, R6).

It is a part of the hub's web server under ``/refer``, where ``http.referrals`` names the agency as
which it sends. One thing is asked a page (:mod:`~ops.console.refer.questions`); what was answered
is kept under a cookie of the browser's (:mod:`~ops.console.refer.drafts`), sealed so that nobody
else opens it; what was checked is sent as the notification that an agency would send, one for each
child (:mod:`~ops.console.refer.telling`); and with its reference people see what became of it, as
far as they may be told (:mod:`~ops.console.refer.following`).
"""
