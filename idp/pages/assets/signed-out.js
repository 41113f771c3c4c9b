"use strict";
// Goes back to the application once the partners' frames have loaded, or when one of them takes too long; whoever comes here
// by the browser's Back button stays.
let gone = performance.getEntriesByType("navigation").some((entry) => entry.type === "back_forward");
const go = () => { if (!gone) { gone = true; document.getElementById("continue").click(); } };
window.addEventListener("load", go);
setTimeout(go, 4000);
