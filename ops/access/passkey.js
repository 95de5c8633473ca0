"use strict";
// Asks the browser for a passkey, and tells the hub what it answers. Nothing else is done here.
(() => {
  const page = document.getElementById("passkey");
  const button = document.getElementById("go");
  const told = document.getElementById("told");
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const ask = async (path, said) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(said),
    });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.trouble);
    return found;
  };

  const signIn = async () => {
    const options = await ask("/sign-in/passkey/asked", {});
    options.challenge = bytes(options.challenge);
    const one = await navigator.credentials.get({ publicKey: options });
    const response = {
      clientDataJSON: text(one.response.clientDataJSON),
      authenticatorData: text(one.response.authenticatorData),
      signature: text(one.response.signature),
      userHandle: one.response.userHandle ? text(one.response.userHandle) : null,
    };
    const credential = { id: one.id, rawId: text(one.rawId), type: one.type, response };
    const { port, state, bound } = page.dataset;
    return ask("/sign-in/passkey", { credential, port, state, bound });
  };

  const register = async () => {
    const code = document.getElementById("code");
    const options = await ask("/sign-in/passkeys/asked", { code: code ? code.value : null });
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    for (const one of options.excludeCredentials) one.id = bytes(one.id);
    const one = await navigator.credentials.create({ publicKey: options });
    const response = {
      clientDataJSON: text(one.response.clientDataJSON),
      attestationObject: text(one.response.attestationObject),
    };
    const credential = { id: one.id, rawId: text(one.rawId), type: one.type, response };
    return ask("/sign-in/passkeys/new", { credential, label: document.getElementById("label").value });
  };

  const go = async () => {
    button.disabled = true;
    told.textContent = "";
    try {
      const done = await (page.dataset.does === "register" ? register() : signIn());
      location.assign(done.next);
    } catch (error) {
      told.textContent = error.message || "That did not work: try again.";
      button.disabled = false;
    }
  };

  if (!button) return;
  if (!window.PublicKeyCredential) {
    told.textContent = "This browser knows no passkeys, or the address is not https.";
    return;
  }
  button.hidden = false;
  button.addEventListener("click", go);
})();
