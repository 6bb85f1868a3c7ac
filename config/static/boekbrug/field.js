// A file field of ours stands alone. Unfold shows the chosen name in a text field of its own beside, and fails without.
document.addEventListener(
  "change",
  function (event) {
    var field = event.target;
    if (field.type !== "file" || document.querySelector('label[for="' + field.id + '"] > input[type="text"]')) return;
    event.stopPropagation();
  },
  true,
);

// A link that names a field leads into it: the browser alone scrolls there and leaves the keyboard at the page's top.
(function () {
  "use strict";

  window.addEventListener("load", function () {
    var field = location.hash.indexOf("#id_") === 0 && document.getElementById(location.hash.slice(1));
    if (!field) return;
    // A heading that stays at the top would lie over the field.
    field.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
})();
