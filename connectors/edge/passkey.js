"use strict";
// Asks the authenticator of this machine once, and gives its answer to the command that waits.
(() => {
  const page = document.getElementById("page");
  const told = document.getElementById("told");
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const challenge = bytes(page.dataset.challenge);

  const make = async () => {
    const one = await navigator.credentials.create({ publicKey: {
      challenge,
      rp: { id: "localhost", name: "mash-hub approvals" },
      user: { id: challenge, name: page.dataset.who, displayName: page.dataset.who },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
      authenticatorSelection: { userVerification: "required" },
    } });
    return { credential: one.id, public: text(one.response.getPublicKey()) };
  };

  const sign = async () => {
    const one = await navigator.credentials.get({ publicKey: {
      challenge,
      rpId: "localhost",
      userVerification: "required",
      allowCredentials: [{ type: "public-key", id: bytes(page.dataset.credential) }],
    } });
    const said = one.response;
    return {
      authenticatorData: text(said.authenticatorData),
      clientDataJSON: text(said.clientDataJSON),
      signature: text(said.signature),
    };
  };

  document.getElementById("go").addEventListener("click", async () => {
    try {
      const said = await (page.dataset.credential ? sign() : make());
      const how = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said) };
      const answer = await fetch(location.pathname, how);
      told.textContent = answer.ok ? "Done: go back to the command." : "The command did not take it.";
    } catch (error) {
      told.textContent = error.message || "That did not work: try again.";
    }
  });
})();
