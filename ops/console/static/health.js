// Says on a page that shows how the hub is that the hub, or its store, does not answer, and since when.
"use strict";

(() => {
  const every = 5000;
  const patience = 4000;
  const banner = document.getElementById("hub-away");
  if (!banner) return;
  const since = document.getElementById("hub-away-since");
  let last = new Date();

  const show = (here) => {
    if (here) last = new Date();
    if (banner.hidden === here) return;
    since.textContent = last.toLocaleTimeString("en-GB");
    banner.hidden = here;
    document.body.classList.toggle("console-away", !here);
  };
  const ask = async () => {
    try {
      const answer = await fetch("/healthz/store", { cache: "no-store", signal: AbortSignal.timeout(patience) });
      show(answer.ok);
    } catch {
      show(false);
    }
    setTimeout(ask, every);
  };
  ask();
})();
