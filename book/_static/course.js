"use strict";
// What the theme leaves undone for keyboards and screen readers.
(() => {
  // A name that differs from the visible text confuses speech input (WCAG 2.5.3).
  for (const button of document.querySelectorAll(".search-button-field[aria-label]")) {
    button.removeAttribute("aria-label");
  }
  for (const icon of document.querySelectorAll(".theme-switch-button :is(svg, i, span)")) {
    icon.setAttribute("aria-hidden", "true");
  }
  for (const sidebar of document.querySelectorAll(".bd-sidebar-primary")) {
    sidebar.setAttribute("role", "region");
    sidebar.setAttribute("aria-label", "Book sidebar");
  }
  // Sphinx gives bibliography entries a role that has been withdrawn.
  for (const entry of document.querySelectorAll("[role=doc-biblioentry]")) {
    entry.setAttribute("role", "listitem");
  }

  // What scrolls sideways must be reachable by keyboard, and nothing else needs a tab stop.
  const reach = (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const sized = new ResizeObserver((entries) => entries.forEach(({ target }) => reach(target)));
  const watch = (selector) => {
    for (const box of document.querySelectorAll(selector)) {
      sized.observe(box);
      reach(box);
    }
  };
  watch(".bd-article :is(pre, .pst-scrollable-table-container)");
  addEventListener("load", () => {
    window.MathJax?.startup?.promise?.then(() => watch(".bd-article mjx-container[display]"));
  });

  // Paper cannot be unfolded: print opens what the reader left closed, and closes it again.
  const foldable = ".quiz-option > details:not([open]), .mistakes-group:not([open])";
  // Nor is it dark: the colours of a dark page's code would hardly show on it.
  let opened = [], theme;
  const page = document.documentElement.dataset;
  addEventListener("beforeprint", () => {
    theme = page.theme;
    page.theme = "light";
    opened = [...document.querySelectorAll(foldable)];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    page.theme = theme;
  });
})();
