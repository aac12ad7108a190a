// Closes open menus that a click was outside of.
document.addEventListener("click", (event) => {
  const within = event.target.closest("details");
  for (const menu of document.querySelectorAll("details.nav-menu[open], details.actions-menu-links[open]")) {
    if (menu !== within) menu.open = false;
  }
});
