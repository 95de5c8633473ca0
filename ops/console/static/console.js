// What is added where JavaScript runs; without it every page does all that it does.
"use strict";

// A list that is renewed while it is open, or a word that what is open has changed.
function live(bar) {
  const pause = document.getElementById("live-pause");
  const says = document.getElementById("live-says");
  const news = document.getElementById("live-news");
  let paused = false;
  let missed = false;

  const say = (words) => {
    if (says && says.textContent !== words) says.textContent = words;
  };
  const state = (kept) => {
    if (paused) say(missed ? "Updates are paused. Something has changed." : "Updates are paused.");
    else say(kept ? "This list is kept up to date." : "This list is not kept up to date just now.");
  };
  const renew = () => {
    missed = false;
    htmx.trigger("#live-list", "renew");
  };

  bar.addEventListener("htmx:sse:after:connection", () => {
    bar.hidden = false;
    state(true);
  });
  bar.addEventListener("htmx:sse:error", () => state(false));
  bar.addEventListener("changed", () => {
    if (news) news.hidden = false;
    else if (paused) missed = true;
    else renew();
    if (paused) state(true);
  });
  bar.addEventListener("ended", () => document.dispatchEvent(new Event("session:ended")));
  pause?.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on with updates" : "Pause updates";
    if (!paused && missed) renew();
    state(true);
  });
}

// A word before a session ends, so that nothing that somebody wrote is lost.
function session(dialog) {
  const heading = document.getElementById("session-heading");
  const says = document.getElementById("session-says");
  const stay = document.getElementById("session-stay");
  const again = document.getElementById("session-again");
  const until = document.getElementById("session-until");
  const main = document.querySelector("main");
  const early = 300;
  let ends = Date.now() + 1000 * Number(dialog.dataset.left);
  let whole = Number(dialog.dataset.left);
  let warned = false;
  let over = false;

  const left = () => Math.round((ends - Date.now()) / 1000);
  const soon = () => left() <= Math.min(early, whole / 2);

  async function ask(how) {
    const answer = await fetch(dialog.dataset.at, how);
    if (!answer.ok) throw new Error("no answer");
    const told = await answer.json();
    if (told.left > left() + 1) warned = false;
    ends = Date.now() + 1000 * told.left;
    whole = Math.max(whole, told.left);
    if (told.left) until.textContent = `Signed in until ${told.until}`;
    return told;
  }

  function open() {
    if (!dialog.open) dialog.showModal();
  }

  function warn(told) {
    warned = true;
    heading.textContent = "You will soon be signed out";
    says.textContent = told.longer
      ? `You will be signed out at ${told.until}, as you have not opened or sent anything for a while. What you wrote and did not send is then lost.`
      : `You will be signed out at ${told.until}: nobody stays signed in for longer. Send what you wrote before then, and sign in again.`;
    stay.textContent = told.longer ? "Stay signed in" : "Close";
    open();
  }

  function end() {
    over = true;
    main.hidden = true;
    heading.textContent = "You are signed out";
    says.textContent = "What you wrote is still in this tab. Sign in again in another, then come back here.";
    until.textContent = "Signed out";
    stay.textContent = "Show this page again";
    again.hidden = false;
    open();
  }

  function back(told) {
    if (!told.left || told.who !== dialog.dataset.who) {
      says.textContent = `You are not signed in as ${dialog.dataset.who} yet. Sign in again in another tab, then come back here.`;
      return;
    }
    over = false;
    main.hidden = false;
    again.hidden = true;
    dialog.close();
  }

  async function look() {
    if (over || !soon() || (warned && left() > 0)) return;
    const told = await ask({ method: "GET" });
    if (!told.left) end();
    else if (soon() && !warned) warn(told);
  }

  dialog.addEventListener("cancel", (event) => {
    if (over) event.preventDefault();
  });
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      if (over) return back(await ask({ method: "GET" }));
      const told = await ask({ method: "POST", body: new URLSearchParams(new FormData(event.target)) });
      if (told.left) dialog.close();
      else end();
    } catch {
      says.textContent = "The hub does not answer. Try again in a moment.";
    }
  });
  document.addEventListener("session:ended", () => {
    if (!over) end();
  });
  document.addEventListener("visibilitychange", () => void look().catch(() => {}));
  setInterval(() => void look().catch(() => {}), 5000);
}

for (const [id, add] of Object.entries({ live, session })) {
  const found = document.getElementById(id);
  if (found) add(found);
}
