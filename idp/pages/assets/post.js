"use strict";
document.getElementById("hiddenform").submit();
