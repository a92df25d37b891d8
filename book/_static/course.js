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
  // What scrolls sideways must be reachable by keyboard.
  const reach = () => {
    const wide = "pre, .bd-article .math, .bd-article .pst-scrollable-table-container, .output";
    for (const box of document.querySelectorAll(wide)) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    }
  };
  addEventListener("load", reach);
  addEventListener("resize", reach);

  // Paper cannot be unfolded: print opens what the reader left closed, and closes it again.
  const foldable = ".quiz-option > details:not([open]), .mistakes-group:not([open])";
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(foldable)];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
