// SPDX-License-Identifier: Apache-2.0
// What is nicer with a script than without one. No page needs it but the one on which requests are tried.
"use strict"

// A text that is to be pasted elsewhere gets a button that copies it.
for (const block of document.querySelectorAll("pre.copy")) {
  const code = block.querySelector("code") || block
  const button = document.createElement("button")
  button.type = "button"
  button.textContent = "Copy"
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent.trim())
      button.textContent = "Copied"
    } catch { // no https, or not allowed: mark the text, so that a key copies it
      getSelection().selectAllChildren(code)
      button.textContent = "Marked: press Ctrl+C"
    }
    setTimeout(() => { button.textContent = "Copy" }, 3000)
  })
  button.setAttribute("aria-live", "polite")
  block.prepend(button)
}

// A table that is wider than its box, and a text that is wider than its own, can be reached and scrolled by keyboard.
const wide = new ResizeObserver(entries => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) {
      target.tabIndex = 0
    } else {
      target.removeAttribute("tabindex")
    }
  }
})
for (const box of document.querySelectorAll(".scroll, pre")) wide.observe(box)

// A form that is sent twice at once, as by a double click, is sent once.
for (const form of document.querySelectorAll("form[method=post]")) {
  let sent = -Infinity
  form.addEventListener("submit", event => {
    if (event.timeStamp - sent < 1000) event.preventDefault()
    else sent = event.timeStamp
  })
}

// What is wrong is where the reader goes on.
const alert = document.querySelector("p.wrong[role=alert]")
if (alert) {
  alert.tabIndex = -1
  alert.focus()
}
