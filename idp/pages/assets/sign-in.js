"use strict";
// Keeps a double click from sending the password twice, and brings an error under the eyes of a screen reader.
const form = document.getElementById("loginForm");
const button = document.getElementById("submitButton");
form.addEventListener("submit", () => { button.setAttribute("aria-disabled", "true"); button.classList.add("busy"); });
let sent = false;
form.addEventListener("submit", (event) => { if (sent) { event.preventDefault(); } sent = true; });
window.addEventListener("pageshow", () => { sent = false; button.removeAttribute("aria-disabled"); button.classList.remove("busy"); });
