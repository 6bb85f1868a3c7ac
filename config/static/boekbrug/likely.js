// “This may exist already”, said while a new customer is typed. The server knows; this file asks and shows the answer.
// Without script the same is said after saving.
(function () {
  "use strict";

  var WAIT_MS = 300;
  var FIELDS = ["name", "first_name", "last_name", "vat_number", "postcode", "email"];

  function start() {
    var place = document.getElementById("likely");
    var form = document.getElementById("company_form") || document.getElementById("contact_form");
    if (!place || !form) return;
    var timer = null;
    var asked = 0;
    var before = "";

    function typed() {
      var query = new URLSearchParams();
      FIELDS.forEach(function (name) {
        var field = form.elements[name];
        if (field && field.value.trim()) query.set(name, field.value.trim());
      });
      return query.toString();
    }

    function ask() {
      var query = typed();
      if (query === before) return;
      before = query;
      var mine = ++asked;
      fetch(place.dataset.url + "?" + query, { credentials: "same-origin" })
        .then(function (answer) {
          if (!answer.ok) throw new Error(String(answer.status));
          return answer.text();
        })
        .then(function (html) {
          // An older answer that arrives late must not overwrite a newer one.
          if (mine === asked) place.innerHTML = html;
        })
        .catch(function () {
          if (mine === asked) place.innerHTML = "";
        });
    }

    form.addEventListener("input", function (event) {
      if (FIELDS.indexOf(event.target.name) === -1) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, WAIT_MS);
    });
    if (typed()) ask();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
