"use strict";
// Goes back to the application once the partners' frames have loaded, or when one of them takes too long.
let gone = false;
const go = () => { if (!gone) { gone = true; document.getElementById("continue").click(); } };
window.addEventListener("load", go);
setTimeout(go, 4000);
