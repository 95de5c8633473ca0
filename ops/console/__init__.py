"""The console: the desks at which people do their day's work in a browser.

It is a part of the hub's web server under ``/desk``. A desk is a small module of its own, such as
:mod:`ops.console.front_door`, which the shell (:mod:`ops.console.shell`) serves, and which nothing
but :mod:`ops.console.desks` knows. To add a screen:

1. Write a *view*: a function that takes a :class:`~ops.console.screen.Visit` (the hub, who is
   there, what they asked for) and answers with a :class:`~ops.console.screen.Page` (a template with
   values), with :class:`~ops.console.screen.Go` to another screen, or with a
   :class:`~ops.console.screen.File` to take away. It runs in a thread, so it
   may read the store. What it shows it gets from the same functions as a command: those ask the
   access rules, record who looked and tell the owner, and raise what the shell says in words
   (:mod:`ops.console.errors`). A view that finds nothing raises ``NotThere``.
2. Write its *template* in ``templates/<desk>/``: it extends ``layout.html`` and says ``title``,
   ``heading`` and ``content``. Components come from ``govuk_frontend_jinja`` and ``parts.html``.
   A title or an address never holds anything of a child: ids at most. Moments are shown by
   ``|moment``, days by ``|day``, NHS numbers by ``|nhs``, colours by ``brag(…)``, what people wrote
   by ``words(…)``. There is no script, no style and no handler in a template: the policy of every
   answer forbids them. A page that needs what a script alone can ask for (a passkey) names a static
   file as its ``script``, and says what else there is. What scripts add to every page stands in
   ``layout.html`` and ``static/console.js``.
3. For a form, write what *takes* it: a function of a ``Visit`` whose ``form`` holds what was sent.
   Every form begins with ``{{ form_token() }}``, without which the shell takes nothing. A faulty
   form is shown again: answer with the same page, ``status=422`` and ``errors`` (field to words).
   What is decided is sent as the agency's own message (:mod:`ops.console.sending`), so that
   nothing can be done on a screen that cannot be done by message. Then ``Go`` on, with ``done``: a
   word that the desk's ``done`` says to people.
4. Add a :class:`~ops.console.screen.Screen` of path, view and taker to the desk. A desk names the
   roles that it is for, whether it is the lead agency's alone (``lead``), and what of the access
   rules it needs to be opened at all; who has not all of it is denied, which is recorded.
5. A list says what it ``hears``: it is then renewed while somebody has it open
   (:mod:`ops.console.live`). Opening it must record nothing, or it would renew itself for ever;
   what counts on it has ``role="status"``, and forms on it ``hx-morph-skip``.
6. ``tests/acceptance/console`` finds the page by itself, and reads it by axe, in light and dark,
   and at 320 pixels; where nothing of its story leads to it, it wants to be told what does. By
   keyboard, and without JavaScript, a test of the desk's own does its day.

``make style`` builds the stylesheet and takes htmx from its package; people who run the hub need no
Node.
"""
