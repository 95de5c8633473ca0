"use strict";
// Asks the browser for a passkey over what the page shows, and sends its form with the answer.
(() => {
  const form = document.getElementById("sign-here");
  const button = document.getElementById("sign-button");
  const told = document.getElementById("sign-told");
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const sign = async () => {
    const { challenge, party, credentials } = form.dataset;
    const known = credentials.split(" ").filter(Boolean);
    const asked = {
      challenge: bytes(challenge),
      rpId: party,
      userVerification: "required",
      allowCredentials: known.map((id) => ({ type: "public-key", id: bytes(id) })),
    };
    const one = await navigator.credentials.get({ publicKey: asked });
    for (const name of ["authenticatorData", "clientDataJSON", "signature"])
      form.elements[name].value = text(one.response[name]);
    form.submit();
  };

  const go = async (event) => {
    event.preventDefault();
    button.disabled = true;
    told.textContent = "Your device asks for your passkey now.";
    try {
      await sign();
    } catch {
      told.textContent = "Nothing was signed or sent: no passkey was used. Try again, or sign in another way.";
      button.disabled = false;
      button.focus();
    }
  };

  if (!form) return;
  if (!window.PublicKeyCredential) {
    told.textContent = "This browser cannot use passkeys here. Sign in another way, as said below.";
    return;
  }
  told.textContent = "";
  button.hidden = false;
  form.addEventListener("submit", go);
})();
