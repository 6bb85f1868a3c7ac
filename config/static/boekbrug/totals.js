// Live totals of a draft. The server computes them; this file asks while a person types and shows the answer.
// Without script the same totals appear when the draft is saved.
(function () {
  "use strict";

  var WAIT_MS = 250;
  var SCOPE_FIELDS = ["entity", "date", "party"];

  function start() {
    var panel = document.getElementById("bb-totals");
    var form = panel && panel.closest("form");
    if (!form || !panel.dataset.url) return;
    var timer = null;
    var asked = 0;
    var scopeChanged = false;
    var dueTouched = false;

    function schedule() {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, WAIT_MS);
    }

    function ask() {
      var body = new FormData(form);
      // Files would be sent with every key; there are none to compute with.
      if (scopeChanged) body.set("_scope", "1");
      var mine = ++asked;
      var withScope = scopeChanged;
      scopeChanged = false;
      fetch(panel.dataset.url, { method: "POST", body: body, headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin" })
        .then(function (answer) {
          if (!answer.ok) throw new Error(String(answer.status));
          return answer.json();
        })
        .then(function (found) {
          // An older answer that arrives late must not overwrite a newer one.
          if (mine !== asked) return;
          show(found);
          if (withScope) choose(found);
        })
        .catch(function () {
          if (withScope) scopeChanged = true;
          panel.setAttribute("data-stale", "1");
        });
    }

    function show(found) {
      panel.innerHTML = found.totals;
      panel.removeAttribute("data-stale");
      form.querySelectorAll("#lines-group .field-shown_net").forEach(function (cell) {
        var row = cell.closest("tbody, tr");
        var input = row && row.querySelector("[name^='lines-'][name$='-quantity']");
        if (!input) return;
        var prefix = input.name.replace(/-quantity$/, "");
        var place = cell.querySelector(".bb-net") || cell.querySelector("div");
        if (place) place.textContent = prefix in found.lines ? found.lines[prefix] : "–";
      });
      var due = form.elements["due_date"];
      if (due && found.due && !dueTouched && due.dataset.proposed !== found.due_shown) {
        due.value = found.due_shown;
        due.dataset.proposed = found.due_shown;
      }
    }

    // Another entity, date or customer: the lines choose from other rates and accounts.
    function choose(found) {
      form.querySelectorAll("select[name^='lines-'][name$='-vat_rate']").forEach(function (select) {
        var offered = found.rates.some(function (pair) { return pair[0] === select.value; });
        var kept = offered && select.value ? select.value : found.rate;
        // Chosen by attribute too: a new line is a copy of the hidden one, and copies lose what only script chose.
        select.replaceChildren.apply(select, found.rates.map(function (pair) {
          return new Option(pair[1], pair[0], pair[0] === kept, pair[0] === kept);
        }));
      });
      var list = document.getElementById("bb-accounts");
      if (list) list.replaceChildren.apply(list, found.accounts.map(function (words) {
        var option = document.createElement("option");
        option.value = words;
        return option;
      }));
      schedule();
    }

    form.addEventListener("input", function (event) {
      if (event.target.name === "due_date") dueTouched = true;
      schedule();
    });
    form.addEventListener("change", function (event) {
      if (SCOPE_FIELDS.indexOf(event.target.name) !== -1) scopeChanged = true;
      schedule();
    });
    document.addEventListener("formset:added", schedule);
    document.addEventListener("formset:removed", schedule);
    // The customer is chosen in a widget that tells jQuery only.
    if (window.django && window.django.jQuery) {
      window.django.jQuery(form).on("change", "select", function (event) {
        if (event.originalEvent) return;
        if (SCOPE_FIELDS.indexOf(event.target.name) !== -1) scopeChanged = true;
        schedule();
      });
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
