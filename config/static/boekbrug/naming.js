// Gives look-up boxes their names: Select2 builds them from a field and forgets its label. Django's choice in two
// columns puts names on what may not have one. And keeps the theme from fields that are not its own. Without script neither of the two is drawn.
(function () {
  "use strict";

  function nameOf(field) {
    var label = field && field.id && document.querySelector('label[for="' + field.id + '"]');
    return label ? label.textContent.replace("*", "").trim() : (field && field.getAttribute("aria-label")) || "";
  }

  function give(part, name) {
    if (!name) return;
    part.removeAttribute("aria-labelledby");
    part.setAttribute("aria-label", name);
  }

  function nameAll() {
    document.querySelectorAll("select + .select2-container").forEach(function (box) {
      var name = nameOf(box.previousElementSibling);
      box.querySelectorAll('[role="combobox"], [role="textbox"], .select2-search__field').forEach(function (part) {
        give(part, name);
      });
      // Beside its entries it holds the cross that clears them, which a list may not.
      box.querySelectorAll("ul.select2-selection__rendered").forEach(function (list) {
        list.setAttribute("role", "presentation");
      });
    });
    document.querySelectorAll(".help-tooltip[aria-label]").forEach(function (mark) {
      mark.setAttribute("role", "img");
    });
  }

  // After everything that is drawn at the same moment.
  window.addEventListener("load", function () {
    window.setTimeout(nameAll, 0);
  });

  // The theme repeats a chosen file's name in a text field; a plain file field has none, and stumbles over that.
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("input[type=file]").forEach(function (field) {
      var around = field.parentNode.parentNode.parentNode;
      if (!around.querySelector("input[type=text]")) field.hasChangeListener = true;
    });
  });

  // The field to type in is drawn when the box opens, at the end of the page.
  document.addEventListener("focusin", function (event) {
    if (!event.target.matches(".select2-dropdown .select2-search__field")) return;
    var open = document.querySelector("select + .select2-container--open");
    if (open) give(event.target, nameOf(open.previousElementSibling));
  });
})();
