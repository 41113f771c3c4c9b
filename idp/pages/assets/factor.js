"use strict";
// Keeps a double click from sending a code twice: the second would be refused as used. Prints recovery codes.
const form = document.getElementById("factorForm");
if (form) {
  let sent = false;
  form.addEventListener("submit", (event) => { if (sent) { event.preventDefault(); } sent = true; });
  window.addEventListener("pageshow", () => { sent = false; });
}
const print = document.getElementById("printButton");
if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }
