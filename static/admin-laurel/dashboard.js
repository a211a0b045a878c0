"use strict";

// Buttons with data-copy="<id>" copy that element's text; data-copied is what they say then.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = button.dataset.copied;
  } catch {
    // Without a secure context the browser has no clipboard: mark the text, so that the keys copy it.
    window.getSelection().selectAllChildren(source);
  }
});
