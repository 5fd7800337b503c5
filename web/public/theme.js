// Runs before the first paint, so a dark page never flashes white. Kept out of the bundle and out of
// the HTML because the content security policy forbids inline script.
(function () {
  var choice = "system";
  try {
    choice = localStorage.getItem("radiant.theme") || "system";
  } catch (error) {
    // Storage may be blocked; the system's preference is used then.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  var meta = document.querySelector('meta[name="theme-color"]');
  if (meta) meta.setAttribute("content", dark ? "#171614" : "#ffffff");
})();
