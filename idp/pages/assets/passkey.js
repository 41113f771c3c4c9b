"use strict";
// Asks the browser for a passkey and puts its answer into the form. Octets travel as base64url.
const form = document.getElementById("passkeyForm");
const notice = document.getElementById("passkeyNotice");
const button = document.getElementById("submitButton");
const octets = (text) => {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
};
const text = (buffer) => {
  let binary = "";
  for (const octet of new Uint8Array(buffer)) { binary += String.fromCharCode(octet); }
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
const tell = (words) => { notice.textContent = words; notice.hidden = false; notice.focus(); };
const options = () => {
  const wanted = JSON.parse(form.dataset.options);
  const key = wanted.publicKey;
  key.challenge = octets(key.challenge);
  if (key.user) { key.user.id = octets(key.user.id); }
  for (const known of [...(key.excludeCredentials || []), ...(key.allowCredentials || [])]) { known.id = octets(known.id); }
  return { publicKey: key };
};
const answer = (made) => {
  const said = made.response;
  const response = { clientDataJSON: text(said.clientDataJSON) };
  if (said.attestationObject) {
    response.attestationObject = text(said.attestationObject);
    if (said.getTransports) { response.transports = said.getTransports(); }
  } else {
    response.authenticatorData = text(said.authenticatorData);
    response.signature = text(said.signature);
    response.userHandle = said.userHandle ? text(said.userHandle) : null;
  }
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, extensions: {} });
};
let busy = false;
const ask = async () => {
  if (busy) { return; }
  if (!window.PublicKeyCredential) { tell(form.dataset.unsupported); return; }
  busy = true;
  notice.hidden = true;
  button.setAttribute("aria-disabled", "true");
  try {
    const made = form.dataset.ceremony === "create"
      ? await navigator.credentials.create(options())
      : await navigator.credentials.get(options());
    form.elements.Credential.value = answer(made);
    form.submit();
  } catch (error) {
    busy = false;
    button.removeAttribute("aria-disabled");
    tell(error.name === "InvalidStateError" && form.dataset.known ? form.dataset.known : form.dataset.failed);
  }
};
form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
