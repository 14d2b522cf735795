// Before the first paint, so that a dark page does not flash white. A file of its own because the
// content security policy allows no inline script.
try {
  var theme = localStorage.getItem('faultline.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch (forbidden) {
  // Without storage the system's choice applies.
}
