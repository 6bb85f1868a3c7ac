// Buttons that copy a text of the page: data-copy names the element that holds it. They stay hidden without this file;
// the text itself can be selected by hand.
(function () {
  "use strict";

  var SAID_MS = 3000;

  function select(place) {
    var fold = place.closest("details");
    if (fold) fold.open = true;
    var range = document.createRange();
    range.selectNodeContents(place);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  // A page without https has no clipboard of its own; the old command works there with what is selected.
  function copy(place) {
    if (navigator.clipboard) return navigator.clipboard.writeText(place.textContent);
    select(place);
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject();
  }

  function say(button) {
    var words = button.querySelector("span[aria-live]");
    if (!words || !button.dataset.copied || button.dataset.words) return;
    button.dataset.words = words.textContent;
    words.textContent = button.dataset.copied;
    window.setTimeout(function () {
      words.textContent = button.dataset.words;
      delete button.dataset.words;
    }, SAID_MS);
  }

  function prepare(button) {
    var place = document.getElementById(button.dataset.copy);
    if (!place) return;
    button.hidden = false;
    button.addEventListener("click", function () {
      // Where copying is refused, the text stands selected, ready for the keyboard.
      copy(place).then(function () { say(button); }, function () { select(place); });
    });
  }

  function start() {
    document.querySelectorAll("button[data-copy]").forEach(prepare);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
