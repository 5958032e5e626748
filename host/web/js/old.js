// SPDX-License-Identifier: Apache-2.0
// For browsers that cannot even read the other modules: in the language of 1999.
(function () {
  function tell() {
    if (document.body.getAttribute('data-started'))
      return;
    document.body.setAttribute('data-trouble', 'old-browser');
    document.getElementById('boot').style.display = 'none';
    document.getElementById('old').removeAttribute('hidden');
  }
  if (!('noModule' in document.createElement('script')))
    tell();
  window.onerror = function (text) {
    if (/SyntaxError/.test(text))
      tell();
  };
})();
