// Files dropped anywhere on the list of expenses go into its file field and are sent. Without script the field does it.
(function () {
  "use strict";

  document.addEventListener("DOMContentLoaded", function () {
    var form = document.getElementById("expense-drop");
    var field = document.getElementById("expense-files");
    if (!form || !field) return;

    function holdsFiles(event) {
      return event.dataTransfer && Array.prototype.indexOf.call(event.dataTransfer.types, "Files") >= 0;
    }

    document.addEventListener("dragover", function (event) {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      form.classList.add("is-over");
    });
    document.addEventListener("dragleave", function (event) {
      if (!event.relatedTarget) form.classList.remove("is-over");
    });
    document.addEventListener("drop", function (event) {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      form.classList.remove("is-over");
      field.files = event.dataTransfer.files;
      if (field.files.length) form.requestSubmit();
    });
    // A second click would send them twice.
    form.addEventListener("submit", function () {
      form.querySelector("button[type=submit]").disabled = true;
    });
    window.addEventListener("pageshow", function () {
      form.querySelector("button[type=submit]").disabled = false;
    });
  });
})();
